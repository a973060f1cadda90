/**
 * Opens a database file and brings its schema up to date. The schema's number is `PRAGMA user_version`; each step below
 * is run once, in its own transaction, and is never changed after a release: only ever append.
 */
import { DatabaseSync } from "node:sqlite";
import { TandaError } from "../task/errors.ts";

/**
 * The secondary indexes are partial, so that a task which is written once, as done, touches none of them but that of its id; ids grow
 * with time, so rows and ids are appended. The states are numbered as STATES is. In a table WITHOUT ROWID, as the first step makes,
 * a search reads each row that it compares, however large: so the third gives the tasks one, and puts what may be large last.
 */
export const MIGRATIONS: readonly string[] = [
  `create table tasks (
     id blob not null primary key,
     action text not null,
     queue text not null,
     priority integer not null,
     payload text not null,
     payload_blob text,
     key text,
     policy text,
     due_at integer,
     expires_at integer,
     created_at integer not null,
     state integer not null,
     attempt integer not null,
     failures integer not null default 0,
     losses integer not null default 0,
     result text,
     result_blob text,
     error text,
     started_at integer,
     finished_at integer,
     history text,
     log text,
     progress text,
     purge_at integer
   ) without rowid;
   create unique index tasks_key on tasks (key) where key is not null;
   create index tasks_state on tasks (state, id) where state <> 4;
   create index tasks_backlog on tasks (queue, priority, id) where state = 1;
   create index tasks_due on tasks (due_at) where state in (0, 3);
   create index tasks_expires on tasks (expires_at) where expires_at is not null and state in (0, 1, 3);
   create index tasks_purge on tasks (purge_at) where purge_at is not null;

   create table blob_refs (task blob not null, blob text not null, primary key (task, blob)) without rowid;
   create index blob_refs_blob on blob_refs (blob);

   create table counts (
     queue text not null, action text not null, state integer not null, count integer not null,
     primary key (queue, action, state)
   ) without rowid;

   create table actions (name text not null primary key, info text not null) without rowid;
   create table queues (queue text not null primary key, mode text not null) without rowid;
   create table probes (id integer primary key check (id = 1), count integer not null);
   insert into probes values (1, 0);`,

  `alter table tasks add column owner text;
   create index tasks_owner on tasks (owner, id) where owner is not null;
   create table tokens (
     id text not null primary key, digest text not null, name text, scope text not null,
     created_at integer not null, expires_at integer, revoked_at integer
   ) without rowid;
   create table audit (
     id text not null primary key, at integer not null, who text not null, name text, address text not null,
     act text not null, target text, outcome text not null
   ) without rowid;`,

  `create table tasks_with_rowid (
     id blob not null primary key,
     state integer not null,
     attempt integer not null,
     action text not null,
     queue text not null,
     priority integer not null,
     created_at integer not null,
     started_at integer,
     finished_at integer,
     purge_at integer,
     due_at integer,
     expires_at integer,
     failures integer not null default 0,
     losses integer not null default 0,
     key text,
     owner text,
     policy text,
     payload_blob text,
     result_blob text,
     payload text not null,
     result text,
     error text,
     history text,
     log text,
     progress text
   );
   insert into tasks_with_rowid
     select id, state, attempt, action, queue, priority, created_at, started_at, finished_at, purge_at, due_at, expires_at,
       failures, losses, key, owner, policy, payload_blob, result_blob, payload, result, error, history, log, progress
     from tasks order by id;
   drop table tasks;
   alter table tasks_with_rowid rename to tasks;
   create unique index tasks_key on tasks (key) where key is not null;
   create index tasks_owner on tasks (owner, id) where owner is not null;
   create index tasks_state on tasks (state, id) where state <> 4;
   create index tasks_backlog on tasks (queue, priority, id) where state = 1;
   create index tasks_due on tasks (due_at, id) where state in (0, 3);
   create index tasks_expires on tasks (expires_at, id) where expires_at is not null and state in (0, 1, 3);
   create index tasks_purge on tasks (purge_at, id) where purge_at is not null;`,
];

export type SqliteOptions = {
  /** A file, or ":memory:". */
  readonly path: string;
  /** The file does not grow beyond; what does not fit is refused with `busy`. Default: as far as the disk goes. */
  readonly maxBytes?: number | undefined;
};

/** The log file is cut back to this after a checkpoint that found it longer. */
const LOG_BYTES = 64 * 1024 * 1024;

export function openWritable({ path, maxBytes }: SqliteOptions): DatabaseSync {
  const db = new DatabaseSync(path);
  try {
    refuseNewer(db, path);
    db.exec(
      `pragma journal_mode = wal; pragma synchronous = full; pragma journal_size_limit = ${LOG_BYTES};
       pragma temp_store = memory; pragma cache_size = -16384; pragma trusted_schema = off;`,
    );
    if (maxBytes !== undefined) db.exec(`pragma max_page_count = ${Math.ceil(maxBytes / pageBytes(db))}`);
    migrate(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** A second connection to a file that a writer holds open. */
export function openReadable(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
  db.exec("pragma cache_size = -16384; pragma temp_store = memory; pragma trusted_schema = off;");
  return db;
}

/** Another connection to a file that a writer holds open, for checkpoints: it syncs as the writer does. */
export function openBeside(path: string): DatabaseSync {
  const db = new DatabaseSync(path);
  db.exec("pragma synchronous = full; pragma wal_autocheckpoint = 0;");
  return db;
}

export function readPragma(db: DatabaseSync, name: string): number {
  const row = db.prepare(`pragma ${name}`).get();
  return Number(Object.values(row ?? {})[0] ?? 0);
}

export function pageBytes(db: DatabaseSync): number {
  return readPragma(db, "page_size");
}

function refuseNewer(db: DatabaseSync, path: string): void {
  const version = readPragma(db, "user_version");
  if (version <= MIGRATIONS.length) return;
  throw new TandaError(
    "conflict",
    `${path} was written by a newer Tanda: its schema is version ${version}, this program knows ${MIGRATIONS.length}.`,
    { hint: "Start the newer Tanda, or another data folder." },
  );
}

/** Runs the steps that this file has not seen, each whole or not at all. */
export function migrate(db: DatabaseSync, steps: readonly string[] = MIGRATIONS): void {
  for (let version = readPragma(db, "user_version"); version < steps.length; version++) {
    db.exec("begin immediate");
    try {
      db.exec(steps[version]!);
      db.exec(`pragma user_version = ${version + 1}`);
      db.exec("commit");
    } catch (error) {
      if (db.isTransaction) db.exec("rollback");
      throw error;
    }
  }
}
