/**
 * The ways that most tasks go, each one statement for many: run first and written once, as done; or submitted, then done.
 * What the rows look like is `decide`'s rule in SQL; a test holds the two together. Rows are taken in the order of their ids.
 * Each statement is there twice: within a transaction, and alone, as a transaction of its own that keeps the counts too.
 */
import type { Connection } from "../postgres/connect.ts";
import { STATES } from "../task/state.ts";
import type { TaskSpec } from "../task/task.ts";
import type { Done, Ride, Submit } from "./plain-events.ts";
import { bigints, inOrder, integers, texts, uuids } from "./postgres-arrays.ts";
import { addingGivenSql, addingSql, CountChanges, plainBytes } from "./postgres-counts.ts";
import { PostgresShapes } from "./postgres-shapes.ts";

/** A queued row that nobody has seen by then is published again. The database's clock is the only one for it. */
export const UNSEEN_AFTER = "interval '20 seconds'";

const RIDES = `insert into tasks (id, action, queue, priority, policy, payload, expires_at, created_at,
    state, attempt, result, started_at, finished_at, purge_at)
  select x.i, ${PostgresShapes.columns(9)}, x.d, x.e, x.c, 4, 1, x.r, x.s, x.f, x.f + ($13::bigint[])[x.h]
  from unnest($1::uuid[], $2::integer[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::bigint[], $8::bigint[])
    as x(i, h, d, e, c, r, s, f)`;

const SUBMITS = `insert into tasks (id, action, queue, priority, policy, payload, expires_at, created_at,
    state, attempt, next_publish_at)
  select x.i, ${PostgresShapes.columns(6)}, x.d, x.e, x.c, 1, 0, now() + ${UNSEEN_AFTER}
  from unnest($1::uuid[], $2::integer[], $3::text[], $4::bigint[], $5::bigint[]) as x(i, h, d, e, c)`;

/**
 * Rows that are named are found by their ids, one by one, however many there are: the planner, that knows nothing of a new table
 * and keeps its plans while it grows, must neither go through the table, nor through all that are in a state. So it is told that
 * few rows are named (it takes this to be true of one in two hundred), and of the state nothing that an index would tell.
 */
export const few = (integer: string): string => `${integer} + 0 = ${integer}`;

/** Of those that are there already nothing is written. */
const WHERE_NEW = "on conflict (id) do nothing returning id";
/** Fails where one is there already: not to look before each saves a fourth. The counts, that others may wait for, come last. */
const alone = (insert: string, firstCount: number): string =>
  `with counted as (${addingGivenSql(firstCount)}) ${insert}`;
const RIDES_ALONE = alone(RIDES, 14);
const SUBMITS_ALONE = alone(SUBMITS, 10);

/** What a row was before is told by a column that a row that is done has no use for: there is no other way to hear of it. */
const FINISH = `update tasks t set state = 4, attempt = x.n, result = x.r, result_blob = null, error = null, due_at = null,
    started_at = x.s, finished_at = x.f, publish_count = t.state,
    purge_at = case when position('"retentionMs":null' in t.policy) = 0
      then x.f + (t.policy::json ->> 'retentionMs')::bigint end
  from unnest($1::uuid[], $2::integer[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[]) as x(i, n, r, s, f, c)
  where ${few("x.n")} and t.id = x.i and t.created_at = coalesce(x.c, t.created_at)
    and ((t.state + 0 = 1 and t.attempt = x.n - 1) or (t.state + 0 = 2 and t.attempt = x.n))
  returning t.id, t.queue, t.action, t.publish_count as was`;

const FINISH_ALONE = `with done as (${FINISH}, coalesce(octet_length(t.result), 0) as bytes),
  counted as (${addingSql(
    `select queue, action, n.state, sum(n.count), sum(n.bytes)
     from done cross join lateral (values (done.was, -1, 0), (4, 1, done.bytes)) n (state, count, bytes)
     group by queue, action, n.state`,
  )})
  select case when count(*) < $7 then coalesce(array_agg(id), '{}') end from done`;

// Each takes events of different ids, and answers the ids of those that were applied; of the others nothing is written.

export async function insertRides(
  connection: Connection,
  rides: readonly Ride[],
  changes: CountChanges,
): Promise<Set<string>> {
  const made = await idsOf(connection, "rides", `${RIDES} ${WHERE_NEW}`, rideValues(rides));
  countRides(rides, changes, made);
  return made;
}

export async function insertSubmits(
  connection: Connection,
  submits: readonly Submit[],
  changes: CountChanges,
): Promise<Set<string>> {
  const made = await idsOf(connection, "submits", `${SUBMITS} ${WHERE_NEW}`, submitValues(submits));
  countSubmits(submits, changes, made);
  return made;
}

export async function finishAll(
  connection: Connection,
  finishes: readonly Done[],
  changes: CountChanges,
): Promise<Set<string>> {
  const { rows } = await connection.query<[string, string, string, number]>({
    name: "finishes",
    text: FINISH,
    values: finishValues(finishes),
    rowMode: "array",
  });
  const results = new Map(finishes.map(({ id, outcome }) => [id, outcome.result]));
  for (const [id, queue, action, state] of rows) {
    changes.add(queue, action, STATES[state]!, -1, 0);
    changes.add(queue, action, "done", 1, Buffer.byteLength(results.get(id) ?? ""));
  }
  return new Set(rows.map(([id]) => id));
}

// The same as transactions of their own.

/** All or none. @throws of code 23505 when one is there already. */
export async function insertRidesAlone(connection: Connection, rides: readonly Ride[]): Promise<void> {
  const changes = new CountChanges();
  countRides(rides, changes);
  const values = [...rideValues(rides), ...changes.values()];
  await connection.query({ name: "rides-alone", text: RIDES_ALONE, values });
}

/** All or none. @throws of code 23505 when one is there already. */
export async function insertSubmitsAlone(connection: Connection, submits: readonly Submit[]): Promise<void> {
  const changes = new CountChanges();
  countSubmits(submits, changes);
  const values = [...submitValues(submits), ...changes.values()];
  await connection.query({ name: "submits-alone", text: SUBMITS_ALONE, values });
}

/** @returns null when all were applied. */
export async function finishAlone(
  connection: Connection,
  finishes: readonly Done[],
): Promise<Set<string> | null> {
  const { rows } = await connection.query<[string[] | null]>({
    name: "finishes-alone",
    text: FINISH_ALONE,
    values: [...finishValues(finishes), finishes.length],
    rowMode: "array",
  });
  const [applied] = rows[0]!;
  return applied === null ? null : new Set(applied);
}

function rideValues(given: readonly Ride[]): Buffer[] {
  const rides = inOrder(given);
  const shapes = new PostgresShapes();
  return [
    uuids(rides.map(({ id }) => id)),
    integers(rides.map(({ spec }) => shapes.add(spec))),
    ...requestValues(rides),
    texts(rides.map(({ outcome }) => outcome.result)),
    bigints(rides.map(({ startedAt }) => startedAt)),
    bigints(rides.map(({ at }) => at)),
    ...shapes.values(),
    shapes.retentions(),
  ];
}

function submitValues(given: readonly Submit[]): Buffer[] {
  const submits = inOrder(given);
  const shapes = new PostgresShapes();
  return [
    uuids(submits.map(({ id }) => id)),
    integers(submits.map(({ spec }) => shapes.add(spec))),
    ...requestValues(submits),
    ...shapes.values(),
  ];
}

function requestValues(events: readonly { readonly spec: TaskSpec }[]): Buffer[] {
  return [
    texts(events.map(({ spec }) => spec.payload)),
    bigints(events.map(({ spec }) => spec.expiresAt)),
    bigints(events.map(({ spec }) => spec.createdAt)),
  ];
}

function finishValues(given: readonly Done[]): Buffer[] {
  const finishes = inOrder(given);
  return [
    uuids(finishes.map(({ id }) => id)),
    integers(finishes.map(({ attempt }) => attempt)),
    texts(finishes.map(({ outcome }) => outcome.result)),
    bigints(finishes.map(({ startedAt }) => startedAt)),
    bigints(finishes.map(({ at }) => at)),
    bigints(finishes.map(({ createdAt }) => createdAt ?? null)),
  ];
}

function countRides(rides: readonly Ride[], changes: CountChanges, made?: ReadonlySet<string>): void {
  for (const { spec, outcome } of rides) {
    if (made?.has(spec.id) === false) continue;
    changes.add(spec.queue, spec.action, "done", 1, plainBytes(spec.payload, outcome.result));
  }
}

function countSubmits(submits: readonly Submit[], changes: CountChanges, made?: ReadonlySet<string>): void {
  for (const { spec } of submits) {
    if (made?.has(spec.id) === false) continue;
    changes.add(spec.queue, spec.action, "queued", 1, plainBytes(spec.payload, null));
  }
}

async function idsOf(
  connection: Connection,
  name: string,
  text: string,
  values: readonly Buffer[],
): Promise<Set<string>> {
  const { rows } = await connection.query<[string]>({ name, text, values: [...values], rowMode: "array" });
  return new Set(rows.map(([id]) => id));
}
