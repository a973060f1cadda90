/** Queued rows that nobody has seen for a while, which nodes live, and what time it is. The server's clock is the only one. */
import type { Task } from "../task/task.ts";
import type { Connection } from "../postgres/pool.ts";
import { tasksOf } from "./postgres-rows.ts";
import type { PresentNode } from "./shared-store.ts";
import { STANDS_BRIEFLY } from "./postgres-transact.ts";
import { COLUMNS } from "./task-row.ts";

const OF_T = COLUMNS.map((column) => `t.${column}`).join(", ");
const LONGEST = "interval '10 minutes'";
const DOUBLINGS = 10;

export const SWEEP = `with due as materialized (
    select id from tasks where state = 1 and next_publish_at <= now()
    order by next_publish_at limit $2 for update skip locked
  )
  update tasks t set publish_count = least(t.publish_count + 1, ${DOUBLINGS}),
    next_publish_at = now() + least(${LONGEST}, $1::double precision * interval '1 millisecond' * power(2, t.publish_count))
  from due where t.id = due.id returning ${OF_T}`;

const UNPUBLISHED = `update tasks set next_publish_at = now() where id = any(array(
    select id from tasks where id = any($1::uuid[]) and state + 0 = 1 order by id for update skip locked))`;

/** Those that are long gone go with it: the table is as small as there are nodes. */
const BEAT = `with gone as (delete from nodes where until < now() - interval '1 day' and name <> $1)
  insert into nodes values ($1, $2, now() + $3::double precision * interval '1 millisecond')
  on conflict (name) do update set info = excluded.info, until = excluded.until`;

export async function sweepUnseen(connection: Connection, againMs: number, limit: number): Promise<Task[]> {
  const tasks = await tasksOf(connection, "sweep", SWEEP, [againMs, limit]);
  return tasks.sort((a, b) => (a.id < b.id ? -1 : 1));
}

export async function markUnpublished(connection: Connection, ids: readonly string[]): Promise<void> {
  await connection.query({ name: "unpublished", text: UNPUBLISHED, values: [ids] });
}

export async function beatNode(
  connection: Connection,
  node: string,
  info: unknown,
  ttlMs: number,
): Promise<void> {
  await connection.query(BEAT, [node, JSON.stringify(info), ttlMs]);
}

/** Held to the end of the transaction: two that looked before either was seen would take each other for absent. */
const ENTERS_ALONE = `select ${STANDS_BRIEFLY},
  pg_advisory_xact_lock(hashtextextended('tanda enter ' || current_schema(), 0))`;

/** Within a transaction of the caller's. */
export async function enterNode(
  connection: Connection,
  node: string,
  describe: (present: readonly PresentNode[]) => unknown,
  ttlMs: number,
): Promise<void> {
  await connection.query(ENTERS_ALONE);
  await beatNode(connection, node, describe(await presentNodes(connection)), ttlMs);
}

export async function presentNodes(connection: Connection): Promise<PresentNode[]> {
  const { rows } = await connection.query<{ name: string; info: string }>(
    "select name, info from nodes where until > now() order by name",
  );
  return rows.map(({ name, info }) => ({ node: name, info: JSON.parse(info) as unknown }));
}

/** Not that of a transaction's begin. */
export async function serverNow(connection: Connection): Promise<number> {
  const { rows } = await connection.query<{ at: number }>(
    "select extract(epoch from clock_timestamp())::float8 * 1000 as at",
  );
  return rows[0]!.at;
}
