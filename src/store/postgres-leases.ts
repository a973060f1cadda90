/** Claims with a lease, their renewal, and what becomes of those whose lease ended. The server's clock is the only one. */
import type { TaskEvent } from "../task/decide.ts";
import { CountChanges } from "./postgres-counts.ts";
import { applyDecided } from "./postgres-decided.ts";
import type { Connection } from "../postgres/pool.ts";
import { ALL } from "./postgres-rows.ts";
import type { ClaimEvent, Held, Lost, Reaped } from "./shared-store.ts";
import type { Applied } from "./store.ts";
import { COLUMNS, toTask, type Row } from "./task-row.ts";

export type Lease = { readonly worker: string; readonly leaseMs: number };

const MS = (parameter: string): string => `${parameter}::double precision * interval '1 millisecond'`;
const OF_T = COLUMNS.map((column) => `t.${column}`).join(", ");

// `state + 0`: rows that are named are found by their id alone. By an index of a state's, which is as good to a planner that knows
// nothing of the table, each would be looked for among all that are in this state.

/** What waits for this very attempt, and is the request that was meant: as `decide` says of a claim. */
const CLAIM = `with l as materialized (
    select t.id, d.n, d.s
    from json_to_recordset($1::json) as d(i uuid, n integer, s bigint, a text, p text, b text) join tasks t on t.id = d.i
    where t.state + 0 = 1 and t.attempt = d.n - 1
      and (d.a is null or (t.action = d.a and t.payload = d.p and t.payload_blob is not distinct from d.b))
    order by t.id for update of t
  )
  update tasks t set state = 2, attempt = l.n, started_at = l.s, worker = $2, lease_until = now() + ${MS("$3")}
  from l where t.id = l.id
  returning ${OF_T}`;

/** Of those that were made and claimed in one. */
const LEASE = `update tasks set worker = $2, lease_until = now() + ${MS("$3")} where id = any($1::uuid[]) and state + 0 = 2`;

const RENEW = `with l as materialized (
    select t.id from json_to_recordset($1::json) as h(i uuid, n integer) join tasks t on t.id = h.i
    where t.state + 0 = 2 and t.attempt = h.n and t.worker = $2 order by t.id for update of t
  )
  update tasks t set lease_until = now() + ${MS("$3")} from l where t.id = l.id returning t.id`;

export const ENDED = `select ${ALL}, worker, (extract(epoch from now()) * 1000)::bigint from tasks
  where state = 2 and lease_until < now() - ${MS("$1")} order by lease_until limit $2 for update skip locked`;

/** Within a transaction of the caller's. */
export async function claimAll(
  connection: Connection,
  events: readonly TaskEvent[],
  { worker, leaseMs }: Lease,
): Promise<Applied[]> {
  const changes = new CountChanges();
  const once = new Set<string>();
  const repeated = new Set<string>();
  for (const { id } of events) (once.has(id) ? repeated : once).add(id);
  const quick = (events as readonly ClaimEvent[]).filter(({ id }) => !repeated.has(id));
  const given = quick.map(({ id, attempt, at, spec }) => ({
    i: id,
    n: attempt,
    s: at,
    a: spec?.action ?? null,
    p: spec?.payload ?? null,
    b: spec?.payloadBlob ?? null,
  }));
  const { rows } = await connection.query<Row>({
    name: "claim",
    text: CLAIM,
    values: [JSON.stringify(given), worker, leaseMs],
    rowMode: "array",
  });
  const claimed = new Map(rows.map(toTask).map((task) => [task.id, task]));
  for (const { queue, action } of claimed.values()) {
    changes.add(queue, action, "queued", -1, 0);
    changes.add(queue, action, "running", 1, 0);
  }
  const rest = events.filter(({ id }) => !claimed.has(id));
  const decided = rest.length === 0 ? [] : await applyDecided(connection, rest, changes);
  const made = rest.flatMap(({ id }, i) => (decided[i]!.verdict === "applied" ? [id] : []));
  if (made.length > 0) await connection.query(LEASE, [made, worker, leaseMs]);
  await changes.write(connection);
  let at = 0;
  return events.map(({ id }) => {
    const task = claimed.get(id);
    return task === undefined ? decided[at++]! : { verdict: "applied", task };
  });
}

export async function renewAll(
  connection: Connection,
  held: readonly Held[],
  { worker, leaseMs }: Lease,
): Promise<Set<string>> {
  const given = JSON.stringify(held.map(({ id, attempt }) => ({ i: id, n: attempt })));
  const { rows } = await connection.query<[string]>({
    name: "renew",
    text: RENEW,
    values: [given, worker, leaseMs],
    rowMode: "array",
  });
  return new Set(rows.map(([id]) => id));
}

/** Held to the end of the transaction. Two that looked at once would share a worker's tasks, and each take its own for the only one. */
const REAPS_ALONE =
  "select pg_try_advisory_xact_lock(hashtextextended('tanda reap ' || current_schema(), 0)) as alone";

/** Within a transaction of the caller's. Nothing while another process does so. */
export async function reapEnded(
  connection: Connection,
  graceMs: number,
  limit: number,
  judge: (lost: Lost) => TaskEvent,
): Promise<Reaped[]> {
  const turn = await connection.query<{ alone: boolean }>(REAPS_ALONE);
  if (!turn.rows[0]!.alone) return [];
  const { rows } = await connection.query<Row>({
    name: "ended",
    text: ENDED,
    values: [graceMs, limit],
    rowMode: "array",
  });
  if (rows.length === 0) return [];
  const lost = rows.map((row) => ({
    task: toTask(row),
    worker: row[COLUMNS.length] as string,
    at: row[COLUMNS.length + 1] as number,
  }));
  const together = new Map<string, number>();
  for (const { worker } of lost) together.set(worker, (together.get(worker) ?? 0) + 1);
  const changes = new CountChanges();
  const events = lost.map((one) => judge({ ...one, together: together.get(one.worker)! }));
  const answers = await applyDecided(connection, events, changes);
  await changes.write(connection);
  return answers.map((answer, i) => ({ ...answer, worker: lost[i]!.worker }));
}
