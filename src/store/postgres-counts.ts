/**
 * How many tasks there are by queue, action and state, and how large they are: the changes of a transaction are gathered in
 * memory and written with it, last of all. Each session has a slot of its own, so that none waits for another's row.
 */
import { STATES, type State } from "../task/state.ts";
import type { Task } from "../task/task.ts";
import type { Connection } from "../postgres/pool.ts";
import { stateNumber } from "./task-row.ts";
import type { Count } from "./store.ts";

/** What a row costs beside its texts: columns, indexes. */
const ROW_BYTES = 300;
const MAX_ROWS = 5000;
const WRITE = `insert into counts as c (slot, queue, action, state, count, bytes)
  select pg_backend_pid() % 64, x.queue, x.action, x.state, x.count, x.bytes
  from json_to_recordset($1::json) as x(queue text, action text, state smallint, count bigint, bytes bigint)
  order by x.queue collate "C", x.action collate "C", x.state
  on conflict (slot, queue, action, state) do update set count = c.count + excluded.count, bytes = c.bytes + excluded.bytes`;

type Cell = { queue: string; action: string; state: number; count: number; bytes: number };

export class CountChanges {
  readonly #cells = new Map<string, Cell>();

  add(queue: string, action: string, state: State, count: number, bytes: number): void {
    const number = stateNumber(state);
    const key = JSON.stringify([queue, action, number]);
    const cell = this.#cells.get(key);
    if (cell === undefined) this.#cells.set(key, { queue, action, state: number, count, bytes });
    else {
      cell.count += count;
      cell.bytes += bytes;
    }
  }

  addTask(task: Task, sign: 1 | -1): void {
    this.add(task.queue, task.action, task.state, sign, sign * bytesOf(task));
  }

  async write(connection: Connection): Promise<void> {
    const cells = [...this.#cells.values()].filter(({ count, bytes }) => count !== 0 || bytes !== 0);
    if (cells.length === 0) return;
    await connection.query({ name: "counts", text: WRITE, values: [JSON.stringify(cells)] });
  }
}

/** The same in SQL, of a row of `tasks`. Lengths of texts that lie out of the row are told without reading them. */
export const BYTES_SQL = `${ROW_BYTES} + octet_length(payload) + coalesce(octet_length(result), 0) + coalesce(octet_length(log), 0)`;

export function bytesOf({ payload, result, log }: Task): number {
  const logBytes = log.length === 0 ? 0 : Buffer.byteLength(JSON.stringify(log));
  return plainBytes(payload, result) + logBytes;
}

export function plainBytes(payload: string, result: string | null): number {
  return ROW_BYTES + Buffer.byteLength(payload) + (result === null ? 0 : Buffer.byteLength(result));
}

export async function readCounts(connection: Connection): Promise<Count[]> {
  const { rows } = await connection.query<{ queue: string; action: string; state: number; count: string }>(
    `select queue, action, state, sum(count) as count from counts
     group by queue, action, state having sum(count) <> 0`,
  );
  return rows.map(({ queue, action, state, count }) => ({
    queue,
    action,
    state: STATES[state]!,
    count: Number(count),
  }));
}

/** Names come from outside: those no task has any more must not pile up. All sessions' rows are folded into one slot's. */
export async function foldCounts(connection: Connection): Promise<void> {
  const { rows } = await connection.query<{ many: boolean }>(
    `select count(*) > ${MAX_ROWS} as many from (select 1 from counts limit ${MAX_ROWS + 1}) x`,
  );
  if (!rows[0]!.many) return;
  await connection.query("lock table counts in exclusive mode");
  await connection.query("create temporary table folded on commit drop as select * from counts");
  await connection.query("delete from counts");
  // Bytes move from state to state without being told; by queue and action they are right.
  await connection.query(
    `insert into counts select 0, queue, action, state, sum(count), sum(bytes) from (
       select queue, action, state, count, 0 as bytes from folded
       union all select queue, action, 0, 0, bytes from folded
     ) x group by queue, action, state having sum(count) <> 0 or sum(bytes) <> 0`,
  );
}
