/** The tables of the store. A step is never changed after a release: only ever append. */
import type { Tables } from "../postgres/migrate.ts";

/**
 * `tasks` is partitioned by range of id, and ids begin with their time. Payloads and results lie uncompressed, out of the row when
 * large: they are written once and their length is asked for often. The states are numbered as STATES is.
 * Where counts are kept has a row for each of several slots, lest all sessions wait for one row.
 */
const MIGRATIONS: readonly string[] = [
  `create table tasks (
     id uuid not null primary key,
     action text collate "C" not null,
     queue text collate "C" not null,
     priority smallint not null,
     payload text not null,
     payload_blob text collate "C",
     key text collate "C",
     policy text,
     due_at bigint,
     expires_at bigint,
     created_at bigint not null,
     state smallint not null,
     attempt integer not null,
     failures integer not null default 0,
     losses integer not null default 0,
     result text,
     result_blob text,
     error text,
     started_at bigint,
     finished_at bigint,
     history text,
     log text,
     progress text,
     purge_at bigint,
     worker text,
     lease_until timestamptz,
     next_publish_at timestamptz,
     publish_count smallint not null default 0
   ) partition by range (id);
   alter table tasks alter payload set storage external, alter result set storage external, alter log set storage external;
   create index tasks_state on tasks (state, id) where state <> 4;
   create index tasks_backlog on tasks (queue, priority, id) where state = 1;
   create index tasks_publish on tasks (next_publish_at) where state = 1;
   create index tasks_lease on tasks (lease_until) where state = 2;
   create index tasks_due on tasks (due_at) where state in (0, 3);
   create index tasks_expires on tasks (expires_at) where expires_at is not null and state in (0, 1, 3);
   create index tasks_purge on tasks (purge_at) where purge_at is not null;

   create table keys (key text collate "C" not null primary key, task uuid not null);
   create table blob_refs (task uuid not null, blob text collate "C" not null, primary key (task, blob));
   create index blob_refs_blob on blob_refs (blob);

   create table counts (
     slot smallint not null, queue text collate "C" not null, action text collate "C" not null, state smallint not null,
     count bigint not null, bytes bigint not null, primary key (slot, queue, action, state)
   ) with (fillfactor = 50);

   create table actions (name text collate "C" not null primary key, info text not null);
   create table queues (queue text collate "C" not null primary key, mode text not null);
   create table nodes (name text collate "C" not null primary key, info text not null, until timestamptz not null);
   create table probes (slot smallint not null primary key, count bigint not null) with (fillfactor = 50);`,

  `alter table tasks add column owner text collate "C";
   create index tasks_owner on tasks (owner, id) where owner is not null;
   create table tokens (
     id text collate "C" not null primary key, digest text not null, name text, scope text not null,
     created_at bigint not null, expires_at bigint, revoked_at bigint
   );
   create table audit (
     id text collate "C" not null primary key, at bigint not null, who text not null, name text, address text not null,
     act text not null, target text, outcome text not null
   );`,
];

export const STORE_TABLES: Tables = { of: "the store", versionTable: "schema_version", steps: MIGRATIONS };
