/**
 * The ways that most tasks go, each one statement for many: run first and written once, as done; or submitted, then done.
 * What the rows look like is `decide`'s rule in SQL; a test holds the two together. Rows are taken in the order of their ids.
 */
import { STATES } from "../task/state.ts";
import type { TaskSpec } from "../task/task.ts";
import type { Done, Ride, Submit } from "./plain-events.ts";
import { plainBytes, type CountChanges } from "./postgres-counts.ts";
import type { Connection } from "../postgres/pool.ts";
import { policyText, purgeAt } from "./task-row.ts";

/** A queued row that nobody has seen by then is published again. The database's clock is the only one for it. */
export const UNSEEN_AFTER = "interval '20 seconds'";

const SPEC_COLUMNS = "id, action, queue, priority, payload, policy, expires_at, created_at";
const SPEC_VALUES = "x.i, x.a, x.q, x.p, x.d, x.y, x.e, x.c";
const SPEC_TYPES = "i uuid, a text, q text, p smallint, d text, y text, e bigint, c bigint";

const RIDES = `insert into tasks (${SPEC_COLUMNS}, state, attempt, result, started_at, finished_at, purge_at)
  select ${SPEC_VALUES}, 4, 1, x.r, x.s, x.f, x.g
  from json_to_recordset($1::json) as x(${SPEC_TYPES}, r text, s bigint, f bigint, g bigint)
  order by x.i on conflict (id) do nothing returning id`;

const SUBMITS = `insert into tasks (${SPEC_COLUMNS}, state, attempt, next_publish_at)
  select ${SPEC_VALUES}, 1, 0, now() + ${UNSEEN_AFTER} from json_to_recordset($1::json) as x(${SPEC_TYPES})
  order by x.i on conflict (id) do nothing returning id`;

/** The values come by way of the locked rows: two lists joined with each other would be compared each with each. */
const FINISHES = `with l as materialized (
    select t.id, t.state, d.n, d.r, d.s, d.f
    from json_to_recordset($1::json) as d(i uuid, n integer, r text, s bigint, f bigint) join tasks t on t.id = d.i
    where (t.state + 0 = 1 and t.attempt = d.n - 1) or (t.state + 0 = 2 and t.attempt = d.n)
    order by t.id for update of t
  )
  update tasks t set state = 4, attempt = l.n, result = l.r, result_blob = null, error = null, due_at = null,
    started_at = l.s, finished_at = l.f, purge_at = l.f + (t.policy::json ->> 'retentionMs')::bigint
  from l where t.id = l.id
  returning t.id, t.queue, t.action, l.state`;

// Each takes events of different ids, and answers the ids of those that were applied; of the others nothing is written.

export async function insertRides(
  connection: Connection,
  rides: readonly Ride[],
  changes: CountChanges,
): Promise<Set<string>> {
  const rows = rides.map(({ spec, outcome, startedAt, at }) => ({
    ...shortSpec(spec),
    r: outcome.result,
    s: startedAt,
    f: at,
    g: purgeAt("done", at, spec.policy),
  }));
  const made = await idsOf(connection, "rides", RIDES, rows);
  for (const { spec, outcome } of rides) {
    if (made.has(spec.id))
      changes.add(spec.queue, spec.action, "done", 1, plainBytes(spec.payload, outcome.result));
  }
  return made;
}

export async function insertSubmits(
  connection: Connection,
  submits: readonly Submit[],
  changes: CountChanges,
): Promise<Set<string>> {
  const made = await idsOf(
    connection,
    "submits",
    SUBMITS,
    submits.map(({ spec }) => shortSpec(spec)),
  );
  for (const { spec } of submits) {
    if (made.has(spec.id)) changes.add(spec.queue, spec.action, "queued", 1, plainBytes(spec.payload, null));
  }
  return made;
}

export async function finishAll(
  connection: Connection,
  finishes: readonly Done[],
  changes: CountChanges,
): Promise<Set<string>> {
  const values = [
    JSON.stringify(
      finishes.map(({ id, attempt, outcome, startedAt, at }) => ({
        i: id,
        n: attempt,
        r: outcome.result,
        s: startedAt,
        f: at,
      })),
    ),
  ];
  const { rows } = await connection.query<[string, string, string, number]>({
    name: "finishes",
    text: FINISHES,
    values,
    rowMode: "array",
  });
  const results = new Map(finishes.map(({ id, outcome }) => [id, outcome.result]));
  for (const [id, queue, action, state] of rows) {
    changes.add(queue, action, STATES[state]!, -1, 0);
    changes.add(queue, action, "done", 1, Buffer.byteLength(results.get(id) ?? ""));
  }
  return new Set(rows.map(([id]) => id));
}

function shortSpec(spec: TaskSpec): Record<string, string | number | null> {
  return {
    i: spec.id,
    a: spec.action,
    q: spec.queue,
    p: spec.priority,
    d: spec.payload,
    y: policyText(spec.policy),
    e: spec.expiresAt,
    c: spec.createdAt,
  };
}

async function idsOf(
  connection: Connection,
  name: string,
  text: string,
  given: readonly object[],
): Promise<Set<string>> {
  const { rows } = await connection.query<[string]>({
    name,
    text,
    values: [JSON.stringify(given)],
    rowMode: "array",
  });
  return new Set(rows.map(([id]) => id));
}
