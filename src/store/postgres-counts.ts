/**
 * How many tasks there are by queue, action and state, and how large they are: the changes of a transaction are gathered in
 * memory and written with it, last of all. Each session has a slot of its own, so that none waits for another's row.
 */
import { STATES, type State } from "../task/state.ts";
import type { Task } from "../task/task.ts";
import type { Connection } from "../postgres/connect.ts";
import { bigints, integers, texts } from "./postgres-arrays.ts";
import { stateNumber } from "./task-row.ts";
import type { Count } from "./store.ts";

/** What a row costs beside its texts: columns, indexes. */
export const ROW_BYTES = 300;
const MAX_ROWS = 5000;
/** Each session has a slot. */
const SLOT = "pg_backend_pid() % 64";

/**
 * Adds rows of (queue, action, state, count, bytes) to what is kept. Sessions of the same slot take its rows in the same order.
 * @param changes a query; no two of its rows are of the same queue, action and state.
 */
export function addingSql(changes: string): string {
  return `insert into counts as c (slot, queue, action, state, count, bytes)
    select ${SLOT}, n.queue, n.action, n.state, n.count, n.bytes from (${changes}) n (queue, action, state, count, bytes)
    order by n.queue collate "C", n.action collate "C", n.state
    on conflict (slot, queue, action, state) do update set count = c.count + excluded.count, bytes = c.bytes + excluded.bytes`;
}

/** As {@link addingSql} of {@link CountChanges.values}, that are given from this parameter on. */
export function addingGivenSql(first: number): string {
  const types = ["text[]", "text[]", "integer[]", "bigint[]", "bigint[]"];
  return addingSql(`select * from unnest(${types.map((type, i) => `$${first + i}::${type}`).join(", ")})`);
}

const WRITE = addingGivenSql(1);

type Cell = { queue: string; action: string; state: number; count: number; bytes: number };

export class CountChanges {
  readonly #cells = new Map<string, Cell>();
  #last: Cell | null = null;

  add(queue: string, action: string, state: State, count: number, bytes: number): void {
    const number = stateNumber(state);
    // Most come in runs.
    const last = this.#last;
    if (last?.state === number && last.action === action && last.queue === queue) {
      last.count += count;
      last.bytes += bytes;
      return;
    }
    // Unlike for any two: names may hold any sign.
    const key = `${number} ${queue.length} ${queue} ${action}`;
    let cell = this.#cells.get(key);
    if (cell === undefined) {
      cell = { queue, action, state: number, count: 0, bytes: 0 };
      this.#cells.set(key, cell);
    }
    cell.count += count;
    cell.bytes += bytes;
    this.#last = cell;
  }

  addTask(task: Task, sign: 1 | -1): void {
    this.add(task.queue, task.action, task.state, sign, sign * bytesOf(task));
  }

  /** What was gathered, for {@link addingGivenSql}. */
  values(): Buffer[] {
    const cells = this.#changed();
    return [
      texts(cells.map(({ queue }) => queue)),
      texts(cells.map(({ action }) => action)),
      integers(cells.map(({ state }) => state)),
      bigints(cells.map(({ count }) => count)),
      bigints(cells.map(({ bytes }) => bytes)),
    ];
  }

  async write(connection: Connection): Promise<void> {
    if (this.#changed().length === 0) return;
    await connection.query({ name: "counts", text: WRITE, values: this.values() });
  }

  #changed(): Cell[] {
    return [...this.#cells.values()].filter(({ count, bytes }) => count !== 0 || bytes !== 0);
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
     where state < ${STATES.length} group by queue, action, state having sum(count) <> 0`,
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
