/** Short questions of those who share the store: may these run, have these ended. Only what differs from the usual is answered. */
import type { Task } from "../task/task.ts";
import type { Connection } from "../postgres/pool.ts";
import { integers, uuids } from "./postgres-arrays.ts";
import { ALL, tasksOf } from "./postgres-rows.ts";
import type { Held } from "./shared-store.ts";

/** As a claim has it. A question of its own for each: joined, the planner might go through all tasks once more for each. */
const STALE = `select x.i from unnest($1::uuid[], $2::integer[]) as x(i, n)
  where (select t.state = 1 and t.attempt = x.n - 1 from tasks t where t.id = x.i) is not true`;

const FINALS = `select ${ALL} from tasks where id = any($1::uuid[]) and state + 0 between 4 and 7`;

/** Each time it was published it was found once, and that is counted there. */
const POSTPONE = `update tasks set
    next_publish_at = now() + least(interval '10 minutes', $2::double precision * interval '1 millisecond' * power(2, publish_count))
  where id = any(array(select id from tasks where id = any($1::uuid[]) and state + 0 = 1 order by id for update skip locked))`;

export async function staleOf(connection: Connection, tries: readonly Held[]): Promise<Set<string>> {
  const { rows } = await connection.query<[string]>({
    name: "stale",
    text: STALE,
    values: [uuids(tries.map(({ id }) => id)), integers(tries.map(({ attempt }) => attempt))],
    rowMode: "array",
  });
  return new Set(rows.map(([id]) => id));
}

export function finalsOf(connection: Connection, ids: readonly string[]): Promise<Task[]> {
  return tasksOf(connection, "finals", FINALS, [ids]);
}

export async function postpone(connection: Connection, ids: readonly string[], ms: number): Promise<void> {
  await connection.query({ name: "postpone", text: POSTPONE, values: [ids, ms] });
}

/** How many rows have a form that is not known here, by the counts that are kept. */
export async function countUnknown(connection: Connection): Promise<number> {
  const { rows } = await connection.query<{ count: number }>(
    "select coalesce(sum(count), 0)::bigint as count from counts where state > 7",
  );
  return rows[0]!.count;
}
