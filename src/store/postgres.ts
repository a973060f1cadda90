/**
 * The store in PostgreSQL, for many processes on many machines: see postgres-schema.ts for the tables, postgres-writer.ts for how
 * calls become transactions. Reads have connections of their own. A server that is away makes calls `unavailable`; the next call
 * after a while tries again.
 */
import type { TaskEvent } from "../task/decide.ts";
import type { ActionInfo, Task } from "../task/task.ts";
import { parsePostgresUrl, type PostgresAddress } from "../postgres/address.ts";
import type { AccessStore } from "./access-store.ts";
import { PostgresAccess } from "./postgres-access.ts";
import { readCounts } from "./postgres-counts.ts";
import { toStoreError } from "../postgres/errors.ts";
import { listTasks } from "./postgres-list.ts";
import { PostgresPartitions } from "./postgres-partitions.ts";
import { migrate, readVersion } from "../postgres/migrate.ts";
import { PostgresPool, type Connection, type Timing } from "../postgres/pool.ts";
import { PostgresReads } from "./postgres-reads.ts";
import { PostgresRetire } from "./postgres-retire.ts";
import { STORE_TABLES } from "./postgres-schema.ts";
import { reapEnded, renewAll } from "./postgres-leases.ts";
import {
  beatNode,
  enterNode,
  markUnpublished,
  presentNodes,
  serverNow,
  sweepUnseen,
} from "./postgres-sweep.ts";
import { countUnknown, finalsOf, postpone, staleOf } from "./postgres-looks.ts";
import { transact } from "./postgres-transact.ts";
import { PostgresWriter } from "./postgres-writer.ts";
import type { ClaimEvent, Held, Lost, PresentNode, Reaped, Reaping, SharedStore } from "./shared-store.ts";
import type { Applied, Count, ListQuery, Page, QueueState, Retired, RetentionRule } from "./store.ts";

export type PostgresOptions = Timing & {
  /** postgres://USER@HOST:PORT,HOST:PORT/DATABASE?schema=tanda */
  readonly url: string;
  /** PGPASSWORD, PGUSER and PGDATABASE complete the URL. */
  readonly env: NodeJS.ProcessEnv;
};

/** Transactions under way at once: while one waits for the disk, another works. */
const LANES = 2;
const READERS = 3;

/**
 * Connects, and upgrades the schema.
 * @throws unavailable when no address answers; conflict when a newer Tanda wrote it.
 */
export async function openPostgresStore(options: PostgresOptions): Promise<SharedStore> {
  const address = parsePostgresUrl(options.url, options.env);
  const store = new PostgresStore(address, options);
  try {
    await store.migrate();
    return store;
  } catch (error) {
    await store.close();
    throw toStoreError(error);
  }
}

export type PostgresMigration = {
  readonly schema: string;
  readonly version: number;
  readonly newest: number;
};

/** Brings the schema up to date, or, with `isLookOnly`, tells how far it is. `version` is what was found. */
export async function migratePostgres(
  options: PostgresOptions,
  isLookOnly: boolean,
): Promise<PostgresMigration> {
  const address = parsePostgresUrl(options.url, options.env);
  const { schema } = address;
  const pool = new PostgresPool(address, "tanda migrate", 1, options);
  try {
    const work = isLookOnly ? readVersion : migrate;
    return {
      schema,
      version: await pool.use((c) => work(c, schema, STORE_TABLES)),
      newest: STORE_TABLES.steps.length,
    };
  } catch (error) {
    throw toStoreError(error);
  } finally {
    await pool.close();
  }
}

class PostgresStore implements SharedStore {
  readonly #schema: string;
  readonly #writePool: PostgresPool;
  readonly #readPool: PostgresPool;
  readonly #writer: PostgresWriter;
  readonly #reads: PostgresReads;
  readonly #retire: PostgresRetire;
  readonly access: AccessStore;
  #closing: Promise<void> | null = null;

  constructor(address: PostgresAddress, timing: Timing) {
    this.#schema = address.schema;
    // One more than lanes: what is written beside tasks never waits for them.
    this.#writePool = new PostgresPool(address, "tanda store", LANES + 1, timing);
    this.#readPool = new PostgresPool(address, "tanda reads", READERS, timing);
    const partitions = new PostgresPartitions(address.schema);
    this.#writer = new PostgresWriter(this.#writePool, partitions, LANES);
    this.#reads = new PostgresReads(this.#readPool);
    this.#retire = new PostgresRetire(partitions, timing.now);
    this.access = new PostgresAccess(this.#readPool, this.#writePool);
  }

  async migrate(): Promise<void> {
    await this.#writePool.use((connection) => migrate(connection, this.#schema, STORE_TABLES));
  }

  async apply(events: readonly TaskEvent[]): Promise<Applied[]> {
    return events.length === 0 ? [] : this.#writer.apply(events);
  }

  get(ids: readonly string[]): Promise<(Task | null)[]> {
    return told(this.#reads.get(ids));
  }

  getByKey(keys: readonly string[]): Promise<(Task | null)[]> {
    return told(this.#reads.getByKey(keys));
  }

  list(query: ListQuery): Promise<Page> {
    return told(this.#readPool.useAgain((connection) => listTasks(connection, query)));
  }

  backlog(queue: string, priority: number, after: string | null, limit: number): Promise<Task[]> {
    return told(this.#reads.backlog(queue, priority, after, limit));
  }

  due(until: number, limit: number): Promise<Task[]> {
    return told(this.#reads.due(until, limit));
  }

  nextDueAt(): Promise<number | null> {
    return told(this.#reads.nextDueAt());
  }

  overdue(until: number, limit: number): Promise<Task[]> {
    return told(this.#reads.overdue(until, limit));
  }

  running(limit: number): Promise<Task[]> {
    return told(this.#reads.running(limit));
  }

  counts(): Promise<Count[]> {
    return told(this.#readPool.useAgain(readCounts));
  }

  async announce(actions: readonly ActionInfo[]): Promise<void> {
    if (actions.length === 0) return;
    // The last of a name counts: one statement cannot change a row twice.
    const infos = new Map(actions.map((action) => [action.name, JSON.stringify(action)]));
    const rows = JSON.stringify(Array.from(infos, ([name, info]) => ({ name, info })));
    await this.#write(
      `insert into actions select x.name, x.info from json_to_recordset($1::json) as x(name text, info text)
       order by x.name collate "C" on conflict (name) do update set info = excluded.info`,
      [rows],
    );
  }

  catalogue(): Promise<ActionInfo[]> {
    return told(this.#reads.catalogue());
  }

  async setQueue({ queue, mode }: QueueState): Promise<void> {
    if (mode === "open") await this.#write("delete from queues where queue = $1", [queue]);
    else
      await this.#write(
        "insert into queues values ($1, $2) on conflict (queue) do update set mode = excluded.mode",
        [queue, mode],
      );
  }

  queueStates(): Promise<QueueState[]> {
    return told(this.#reads.queueStates());
  }

  retire(rule: RetentionRule): Promise<Retired> {
    return told(this.#writePool.use((connection) => this.#retire.retire(connection, rule)));
  }

  referredBlobs(ids: readonly string[]): Promise<string[]> {
    return told(this.#reads.referredBlobs(ids));
  }

  /** A commit like any other, so that its success says something. */
  async probe(): Promise<void> {
    await this.#write(
      `insert into probes as p values (pg_backend_pid() % 64, 1)
       on conflict (slot) do update set count = p.count + 1`,
      [],
    );
  }

  async claim(claims: readonly ClaimEvent[], worker: string, leaseMs: number): Promise<Applied[]> {
    return claims.length === 0 ? [] : this.#writer.apply(claims, { worker, leaseMs });
  }

  async renew(worker: string, held: readonly Held[], leaseMs: number): Promise<Set<string>> {
    if (held.length === 0) return new Set();
    return told(this.#writePool.useAgain((c) => renewAll(c, held, { worker, leaseMs })));
  }

  reap(reaping: Reaping, judge: (lost: Lost) => TaskEvent): Promise<Reaped[]> {
    return told(this.#writePool.use((c) => transact(c, () => reapEnded(c, reaping, judge))));
  }

  sweep(againMs: number, limit: number): Promise<Task[]> {
    return told(this.#writePool.use((c) => sweepUnseen(c, againMs, limit)));
  }

  async unpublished(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await told(this.#writePool.useAgain((c) => markUnpublished(c, ids)));
  }

  async postpone(ids: readonly string[], ms: number): Promise<void> {
    if (ids.length > 0) await told(this.#writePool.use((c) => postpone(c, ids, ms)));
  }

  async stale(tries: readonly Held[]): Promise<Set<string>> {
    return tries.length === 0 ? new Set() : told(this.#readPool.useAgain((c) => staleOf(c, tries)));
  }

  unknown(): Promise<number> {
    return told(this.#readPool.useAgain(countUnknown));
  }

  async finals(ids: readonly string[]): Promise<Task[]> {
    return ids.length === 0 ? [] : told(this.#readPool.useAgain((c) => finalsOf(c, ids)));
  }

  now(): Promise<number> {
    return told(this.#readPool.useAgain(serverNow));
  }

  beat(node: string, info: unknown, ttlMs: number): Promise<void> {
    return told(this.#writePool.useAgain((c) => beatNode(c, node, info, ttlMs)));
  }

  enter(node: string, describe: (present: readonly PresentNode[]) => unknown, ttlMs: number): Promise<void> {
    return told(this.#writePool.useAgain((c) => transact(c, () => enterNode(c, node, describe, ttlMs))));
  }

  leave(node: string): Promise<void> {
    return this.#write("delete from nodes where name = $1", [node]);
  }

  nodes(): Promise<PresentNode[]> {
    return told(this.#readPool.useAgain(presentNodes));
  }

  size(): Promise<number> {
    return told(this.#reads.size(this.#schema));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#writer.close();
    await Promise.all([this.#writePool.close(), this.#readPool.close()]);
  }

  /** Something that may be written twice. */
  async #write(sql: string, values: unknown[]): Promise<void> {
    await told(this.#writePool.useAgain((connection: Connection) => connection.query(sql, values)));
  }
}

async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw toStoreError(error);
  }
}
