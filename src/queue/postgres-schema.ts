/** The tables of the queue. A step is never changed after a release: only ever append. */
import type { Tables } from "../postgres/migrate.ts";

/**
 * A parcel is a row: tasks of one lane (see laneName), until all of them are settled. It is free, or somebody's until a time of the
 * database's clock. `claim` numbers what one taker took, so that what it says of one taking is never taken for another. `session` is the
 * process of the server that served the taker last: where that has ended, the taker has perhaps too.
 *
 * Unlogged: after a crash of the server it is empty, and costs no disk before. That may be, since a queue promises nothing: each task
 * that somebody was promised has its row in the store, and is published again from there.
 *
 * Rows come and go all the time. Vacuum must not wait for a share of the table to be dead, or whoever looks for what is first looks
 * through all that was.
 */
const STEPS: readonly string[] = [
  `create unlogged table parcels (
     id bigint generated always as identity primary key,
     form smallint not null,
     lane text collate "C" not null,
     priority smallint not null,
     tasks integer not null,
     fullness real not null,
     oldest_at bigint not null,
     body text not null,
     times_lost smallint not null default 0,
     taker text collate "C",
     claim integer,
     session integer,
     taken_until timestamptz
   ) with (
     autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0,
     toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 20000, toast.autovacuum_vacuum_cost_delay = 0
   );
   alter table parcels alter body set storage external;
   create index parcels_free on parcels (form, lane, priority, id) where taken_until is null;
   create index parcels_taken on parcels (taken_until) where taken_until is not null;`,
];

export const QUEUE_TABLES: Tables = { of: "the queue", versionTable: "queue_version", steps: STEPS };
