/** What is asked of the table of parcels: each of these is one statement, and one transaction. */
import type { PostgresLink } from "../postgres/link.ts";
import { PARCEL_VERSION } from "./parcel-codec.ts";
import { LANE_SIGN, type RemoteLane } from "./remote-lane.ts";

/** Beyond it, parcels of one lane are not counted. */
const MOST_COUNTED = 10_000;
/** Names come from outside. */
const MOST_LANES = 4000;
const FREED_AT_ONCE = 500;
/** For so long a taker keeps what it has after its session ended: it may be back soon. */
export const LEFT_MS = 2000;

export type SentParcel = {
  readonly lane: RemoteLane;
  readonly tasks: number;
  readonly fullness: number;
  readonly oldestAt: number;
  readonly body: string;
};

/** One taking of a parcel. */
export type Hold = { readonly id: number; readonly claim: number };

export type TakenParcel = RemoteLane & {
  readonly id: number;
  readonly fullness: number;
  readonly timesLost: number;
  readonly body: string;
};

/** Bodies have no line breaks, so all of them are one value, and need no quoting. */
const PUBLISH = `
  with sent as (
    insert into parcels (form, lane, priority, tasks, fullness, oldest_at, body)
    select ${PARCEL_VERSION}, x.lane, x.priority, x.tasks, x.fullness, x.oldest_at, x.body
    from unnest($1::text[], $2::int[], $3::int[], $4::real[], $5::bigint[], string_to_array($6::text, E'\\n'))
      with ordinality as x(lane, priority, tasks, fullness, oldest_at, body, n)
    order by x.n
  )
  select pg_notify($7, $8)`;

/** A lane with what was published to it first, one after another by the index, however much waits in each. */
const FREE_LANES = `
  with recursive lanes as (
    (select form, lane, priority, octet_length(body) as bytes from parcels where taken_until is null
     order by form, lane, priority limit 1)
    union all
    select next.* from lanes l cross join lateral (
      select p.form, p.lane, p.priority, octet_length(p.body) from parcels p
      where p.taken_until is null and (p.form, p.lane, p.priority) > (l.form, l.lane, l.priority)
      order by p.form, p.lane, p.priority limit 1
    ) next
  )`;

const FREE = "taker = null, claim = null, session = null, taken_until = null";

const LOOK = `${FREE_LANES}, freed as (
    update parcels set ${FREE}, times_lost = least(times_lost + 1, 1000)
    where id in (
      select id from parcels where $1 and taken_until < now()
      order by taken_until limit ${FREED_AT_ONCE} for update skip locked
    )
    returning form, lane, priority
  ), left_behind as (
    update parcels set taken_until = now() + interval '${LEFT_MS} milliseconds' where id in (
      select id from parcels
      where $2 and taken_until > now() + interval '${LEFT_MS} milliseconds'
        and session <> all (array(select pid from pg_stat_activity))
      limit ${FREED_AT_ONCE} for update skip locked
    )
  )
  (select form, lane as name, priority, bytes from lanes limit ${MOST_LANES})
  union all
  select distinct form, lane, priority, 0 from freed`;

const EXCHANGE = `
  with settled as (
    delete from parcels p using unnest($1::bigint[], $2::int[]) as s(id, claim)
    where p.id = s.id and p.claim = s.claim and p.taker = $3
  ), free as materialized (
    select f.id from unnest($4::text[], $5::int[], $6::int[]) as w(lane, priority, room)
    cross join lateral (
      select p.id from parcels p
      where p.form = ${PARCEL_VERSION} and p.lane = w.lane and p.priority = w.priority and p.taken_until is null
      order by p.form, p.lane, p.priority, p.id limit w.room for update skip locked
    ) f
  )
  update parcels p set taker = $3, claim = $7, session = pg_backend_pid(), taken_until = now() + $8::int * interval '1 millisecond'
  from free where p.id = free.id
  returning p.id, p.lane as name, p.priority, p.fullness, p.times_lost as "timesLost", p.body`;

const RENEW = `
  with freed as (
    update parcels set ${FREE}
    where cardinality($5::int[]) > 0 and taken_until is not null and taker = $3 and claim = any($5)
  )
  update parcels p set session = pg_backend_pid(), taken_until = now() + $4::int * interval '1 millisecond'
  from unnest($1::bigint[], $2::int[]) as h(id, claim)
  where p.id = h.id and p.claim = h.claim and p.taker = $3
  returning p.id, p.claim`;

const COUNT = `${FREE_LANES}
  select split_part(l.lane, '${LANE_SIGN}', 1) as queue, sum(c.tasks)::bigint as tasks, sum(c.bytes)::bigint as bytes, min(c.oldest)::bigint as "oldestAt"
  from lanes l cross join lateral (
    select sum(p.tasks) as tasks, sum(p.bytes) as bytes, min(p.oldest_at) as oldest from (
      select tasks, octet_length(body) as bytes, oldest_at from parcels
      where taken_until is null and form = l.form and lane = l.lane and priority = l.priority
      limit ${MOST_COUNTED}
    ) p
  ) c
  group by 1`;

/** @param notice for whoever listens on the channel. */
export async function publishParcels(
  link: PostgresLink,
  parcels: readonly SentParcel[],
  channel: string,
  notice: string,
): Promise<void> {
  const columns = [
    parcels.map(({ lane }) => lane.name),
    parcels.map(({ lane }) => lane.priority),
    parcels.map(({ tasks }) => tasks),
    parcels.map(({ fullness }) => fullness),
    parcels.map(({ oldestAt }) => oldestAt),
    parcels.map(({ body }) => body).join("\n"),
  ];
  await link.query({ name: "publish", text: PUBLISH, values: [...columns, channel, notice] });
}

export type FreeLane = RemoteLane & { form: number; bytes: number };

/**
 * Where something is free.
 * @param frees what is somebody's no longer.
 * @param hurries what is somebody's whose session has ended: it is theirs for LEFT_MS more, unless they come back.
 */
export function lookAround(link: PostgresLink, frees: boolean, hurries: boolean): Promise<FreeLane[]> {
  return link.query<FreeLane>({ name: "look", text: LOOK, values: [frees, hurries] });
}

export type Wish = { readonly lane: RemoteLane; readonly room: number };

/** What is settled goes, and what is wished for comes, in order. `claim` is a number this taker never used before. */
export async function exchangeParcels(
  link: PostgresLink,
  taker: { readonly name: string; readonly claim: number; readonly takenMs: number },
  settled: readonly Hold[],
  wishes: readonly Wish[],
): Promise<TakenParcel[]> {
  const values = [
    settled.map(({ id }) => id),
    settled.map(({ claim }) => claim),
    taker.name,
    wishes.map(({ lane }) => lane.name),
    wishes.map(({ lane }) => lane.priority),
    wishes.map(({ room }) => room),
    taker.claim,
    taker.takenMs,
  ];
  const taken = await link.query<TakenParcel>({ name: "exchange", text: EXCHANGE, values });
  return taken.sort((a, b) => a.id - b.id);
}

/**
 * @param unheard claims whose answer was lost: what they took is nobody's, as if it had not been taken.
 * @returns those that are still this taker's, for `takenMs` from now.
 */
export function renewHolds(
  link: PostgresLink,
  taker: { readonly name: string; readonly takenMs: number },
  holds: readonly Hold[],
  unheard: readonly number[],
): Promise<Hold[]> {
  const own = [holds.map(({ id }) => id), holds.map(({ claim }) => claim)];
  const values = [...own, taker.name, taker.takenMs, unheard];
  return link.query<Hold>({ name: "renew", text: RENEW, values });
}

export type FreeCount = { queue: string; tasks: number; bytes: number; oldestAt: number };

export function countFree(link: PostgresLink): Promise<FreeCount[]> {
  return link.query<FreeCount>({ name: "count", text: COUNT });
}
