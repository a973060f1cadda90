/** Short questions of those who share the store: may these run, have these ended. Only what differs from the usual is answered. */
import type { Task } from "../task/task.ts";
import type { Connection } from "../postgres/pool.ts";
import { ALL, tasksOf } from "./postgres-rows.ts";
import type { Held } from "./shared-store.ts";

/** As a claim has it; `+ 0` keeps the planner from indexes of the state, which hold all that waits. */
const STALE = `select d.i from json_to_recordset($1::json) as d(i uuid, n integer)
  where not exists (select 1 from tasks t where t.id = d.i and t.state + 0 = 1 and t.attempt = d.n - 1)`;

const FINALS = `select ${ALL} from tasks where id = any($1::uuid[]) and state + 0 > 3`;

const POSTPONE = `update tasks set publish_count = least(publish_count + 1, 10),
    next_publish_at = now() + least(interval '10 minutes', $2::double precision * interval '1 millisecond' * power(2, publish_count))
  where id = any(array(select id from tasks where id = any($1::uuid[]) and state + 0 = 1 order by id for update skip locked))`;

export async function staleOf(connection: Connection, tries: readonly Held[]): Promise<Set<string>> {
  const given = JSON.stringify(tries.map(({ id, attempt }) => ({ i: id, n: attempt })));
  const { rows } = await connection.query<[string]>({
    name: "stale",
    text: STALE,
    values: [given],
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
