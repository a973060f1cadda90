/** Claims with a lease, their renewal, and what becomes of those whose lease ended. The server's clock is the only one. */
import type { TaskEvent } from "../task/decide.ts";
import type { Task } from "../task/task.ts";
import { bigints, inOrder, integers, texts, uuids } from "./postgres-arrays.ts";
import { addingSql, CountChanges } from "./postgres-counts.ts";
import { applyDecided } from "./postgres-decided.ts";
import type { Connection } from "../postgres/pool.ts";
import { few } from "./postgres-plain.ts";
import { ALL, withoutSpoilt } from "./postgres-rows.ts";
import type { ClaimEvent, Held, Lost, Reaped, Reaping } from "./shared-store.ts";
import { STANDS_BRIEFLY } from "./postgres-transact.ts";
import type { Applied } from "./store.ts";
import { COLUMNS, type Row } from "./task-row.ts";

export type Lease = { readonly worker: string; readonly leaseMs: number };

const MS = (parameter: string): string => `${parameter}::double precision * interval '1 millisecond'`;
const OF_T = COLUMNS.map((column) => `t.${column}`).join(", ");

/** What waits for this very attempt, and is the request that was meant: as `decide` says of a claim. A transaction of its own. */
const CLAIM = `with claimed as (
    update tasks t set state = 2, attempt = x.n, started_at = x.s, worker = $7, lease_until = now() + ${MS("$8")}
    from unnest($1::uuid[], $2::integer[], $3::bigint[], $4::text[], $5::text[], $6::text[], $9::integer[], $10::text[])
      as x(i, n, s, a, p, b, o, w)
    where ${few("x.n")} and t.id = x.i and t.state + 0 = 1 and t.attempt = x.o
      and (x.a is null or (t.action = x.a and t.payload = x.p and t.payload_blob is not distinct from x.b
        and t.owner is not distinct from x.w))
    returning ${OF_T}
  ), counted as (${addingSql(
    `select queue, action, n.state, sum(n.count), 0
     from claimed cross join (values (1, -1), (2, 1)) n (state, count) group by queue, action, n.state`,
  )})
  select * from claimed`;

/** Of those that were made and claimed in one. */
const LEASE = `update tasks set worker = $2, lease_until = now() + ${MS("$3")} where id = any($1::uuid[]) and state + 0 = 2`;

const RENEW = `update tasks t set lease_until = now() + ${MS("$4")}
  from unnest($1::uuid[], $2::integer[]) as x(i, n)
  where ${few("x.n")} and t.id = x.i and t.state + 0 = 2 and t.attempt = x.n and t.worker = $3 returning t.id`;

export const ENDED = `select ${ALL}, worker, (extract(epoch from now()) * 1000)::bigint,
    (extract(epoch from now() - lease_until) * 1000)::double precision from tasks
  where state = 2 and lease_until < now() - ${MS("$1")} order by lease_until limit $2 for update skip locked`;

/** Of these workers, those that have leases which go on: what was claimed shortly before a death ends later than the rest. */
const GOING_ON = `select distinct worker from tasks where state = 2 and worker = any($2::text[]) and lease_until >= now() - ${MS("$1")}`;

/** @returns the rows as they are now, of those that were claimed; of the others nothing is written. Claims of different ids. */
export async function claimAlone(
  connection: Connection,
  given: readonly ClaimEvent[],
  { worker, leaseMs }: Lease,
): Promise<Map<string, Task>> {
  const claims = inOrder(given);
  const { rows } = await connection.query<Row>({
    name: "claim",
    text: CLAIM,
    values: [
      uuids(claims.map(({ id }) => id)),
      integers(claims.map(({ attempt }) => attempt)),
      bigints(claims.map(({ at }) => at)),
      texts(claims.map(({ spec }) => spec?.action ?? null)),
      texts(claims.map(({ spec }) => spec?.payload ?? null)),
      texts(claims.map(({ spec }) => spec?.payloadBlob ?? null)),
      worker,
      leaseMs,
      integers(claims.map(({ attempt, overtakes }) => attempt - (overtakes ? 2 : 1))),
      texts(claims.map(({ spec }) => spec?.owner ?? null)),
    ],
    rowMode: "array",
  });
  return new Map((await withoutSpoilt(connection, rows)).map((task) => [task.id, task]));
}

/** Any claims; within a transaction of the caller's. */
export async function claimDecided(
  connection: Connection,
  events: readonly TaskEvent[],
  { worker, leaseMs }: Lease,
  changes: CountChanges,
): Promise<Applied[]> {
  const answers = await applyDecided(connection, events, changes);
  const claimed = events.flatMap(({ id }, i) => (answers[i]!.verdict === "applied" ? [id] : []));
  if (claimed.length > 0) await connection.query(LEASE, [claimed, worker, leaseMs]);
  return answers;
}

export async function renewAll(
  connection: Connection,
  held: readonly Held[],
  { worker, leaseMs }: Lease,
): Promise<Set<string>> {
  const sorted = inOrder(held);
  const { rows } = await connection.query<[string]>({
    name: "renew",
    text: RENEW,
    values: [
      uuids(sorted.map(({ id }) => id)),
      integers(sorted.map(({ attempt }) => attempt)),
      worker,
      leaseMs,
    ],
    rowMode: "array",
  });
  return new Set(rows.map(([id]) => id));
}

/** Held to the end of the transaction. Two that looked at once would share a worker's tasks, and each take its own for the only one. */
const REAPS_ALONE = `select pg_try_advisory_xact_lock(hashtextextended('tanda reap ' || current_schema(), 0)) as alone,
  ${STANDS_BRIEFLY}`;

/** Within a transaction of the caller's. Nothing while another process does so. */
export async function reapEnded(
  connection: Connection,
  { graceMs, holdMs = 0, limit }: Reaping,
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
  const tasks = new Map((await withoutSpoilt(connection, rows)).map((task) => [task.id, task]));
  const sound = rows.filter((row) => tasks.has(row[0] as string));
  const ended = sound.map((row) => ({
    task: tasks.get(row[0] as string)!,
    worker: row[COLUMNS.length] as string,
    at: row[COLUMNS.length + 1] as number,
    endedMs: row[COLUMNS.length + 2] as number,
  }));
  const workers = [...new Set(ended.map(({ worker }) => worker))];
  const living = await connection.query<{ worker: string }>(GOING_ON, [graceMs, workers]);
  const goesOn = new Set(living.rows.map(({ worker }) => worker));
  const lost = ended.filter(({ worker, endedMs }) => !goesOn.has(worker) || endedMs > graceMs + holdMs);
  const together = new Map([...goesOn].map((worker) => [worker, 1]));
  for (const { worker } of lost) together.set(worker, (together.get(worker) ?? 0) + 1);
  const changes = new CountChanges();
  const events = lost.map((one) => judge({ ...one, together: together.get(one.worker)! }));
  const answers = await applyDecided(connection, events, changes);
  await changes.write(connection);
  return answers.map((answer, i) => ({ ...answer, worker: lost[i]!.worker }));
}
