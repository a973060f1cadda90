/**
 * The store in one SQLite file. Writes have a thread and a connection, reads another pair that starts with the first read, so
 * lists do not hold up commits. A thread that died is replaced by the next call; what it was doing is unknown, as the contract
 * says. ":memory:" runs the same code in the caller's thread.
 */
import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { TaskEvent } from "../task/decide.ts";
import { TandaError } from "../task/errors.ts";
import { newTask, type ActionInfo, type Task } from "../task/task.ts";
import type { AccessStore } from "./access-store.ts";
import { acquireLock, type Lock } from "./lock.ts";
import type { Answer } from "./sqlite-apply.ts";
import { closed, HereSide, HereWriteSide, ThreadSide, type Side, type WriteSide } from "./sqlite-backend.ts";
import { SqliteReads } from "./sqlite-reads.ts";
import type { OnSpoilt } from "./spoilt-row.ts";
import { readable, toTask, type Row } from "./task-row.ts";
import { openWritable, type SqliteOptions } from "./sqlite-schema.ts";
import { SqliteWrites } from "./sqlite-writes.ts";
import type { Applied, Count, ListQuery, Page, QueueState, Retired, RetentionRule, Store } from "./store.ts";

/**
 * Opens or makes the database and upgrades its schema.
 * @param onLocked called before this returns its promise, when no other process has it open.
 * @param onSpoilt is told of each row that is set aside because it is damaged.
 * @throws conflict when another process has it open, or a newer Tanda wrote it.
 */
export async function openSqliteStore(
  options: SqliteOptions,
  onLocked: () => void = () => {},
  onSpoilt: OnSpoilt = () => {},
): Promise<Store> {
  if (options.path === ":memory:") {
    onLocked();
    const db = openWritable(options);
    const writes = new HereWriteSide(new SqliteWrites(db, () => performance.now()), () => db.close());
    const reads = new HereSide(new SqliteReads(db), () => {});
    return new SqliteStore(
      null,
      writes,
      async () => writes,
      async () => reads,
      null,
      onSpoilt,
    );
  }
  const path = resolve(options.path);
  const lock = acquireLock(`${path}.lock`, dirname(path));
  try {
    const openWrites = async (): Promise<WriteSide> => {
      const writes = new ThreadSide<SqliteWrites>("writer", { ...options, path });
      await writes.opened();
      return writes;
    };
    const openReads = async (): Promise<Side<SqliteReads>> => {
      const reads = new ThreadSide<SqliteReads>("reader", { path });
      await reads.opened();
      return reads;
    };
    const opening = openWrites();
    onLocked();
    return new SqliteStore(path, await opening, openWrites, openReads, lock, onSpoilt);
  } catch (error) {
    lock.release();
    throw error;
  }
}

class SqliteStore implements Store {
  readonly #path: string | null;
  readonly #openWrites: () => Promise<WriteSide>;
  readonly #openReads: () => Promise<Side<SqliteReads>>;
  readonly #lock: Lock | null;
  readonly #onSpoilt: OnSpoilt;
  #writes: WriteSide;
  #reopening: Promise<WriteSide> | null = null;
  #reads: Promise<Side<SqliteReads>> | null = null;
  #closing: Promise<void> | null = null;

  constructor(
    path: string | null,
    writes: WriteSide,
    openWrites: () => Promise<WriteSide>,
    openReads: () => Promise<Side<SqliteReads>>,
    lock: Lock | null,
    onSpoilt: OnSpoilt,
  ) {
    this.#path = path;
    this.#writes = writes;
    this.#openWrites = openWrites;
    this.#openReads = openReads;
    this.#lock = lock;
    this.#onSpoilt = onSpoilt;
  }

  async apply(events: readonly TaskEvent[]): Promise<Applied[]> {
    if (events.length === 0) return [];
    const writes = this.#writes.isOver ? await this.#reopen() : this.#writes;
    const answers = await writes.apply(events);
    return events.map((event, index) => toApplied(event, answers?.[index] ?? null));
  }

  async get(ids: readonly string[]): Promise<(Task | null)[]> {
    return (await (await this.#reader()).call("get", ids)).map(toTaskOrNull);
  }

  async getByKey(keys: readonly string[]): Promise<(Task | null)[]> {
    return (await (await this.#reader()).call("getByKey", keys)).map(toTaskOrNull);
  }

  async list(query: ListQuery): Promise<Page> {
    let next: string | null = null;
    const tasks = await this.#readable(async () => {
      const page = await (await this.#reader()).call("list", query);
      next = page.next;
      return page.rows;
    });
    return { tasks, next };
  }

  async backlog(queue: string, priority: number, after: string | null, limit: number): Promise<Task[]> {
    return this.#readable(async () => (await this.#reader()).call("backlog", queue, priority, after, limit));
  }

  async due(until: number, limit: number): Promise<Task[]> {
    return this.#readable(async () => (await this.#reader()).call("due", until, limit));
  }

  async nextDueAt(): Promise<number | null> {
    return (await this.#atHand()).call("nextDueAt");
  }

  async overdue(until: number, limit: number): Promise<Task[]> {
    const side = (): Promise<Side<Pick<SqliteReads, Little>>> =>
      limit === 1 ? this.#atHand() : this.#reader();
    return this.#readable(async () => (await side()).call("overdue", until, limit));
  }

  async running(limit: number): Promise<Task[]> {
    return this.#readable(async () => (await this.#atHand()).call("running", limit));
  }

  async catalogue(): Promise<ActionInfo[]> {
    return (await this.#atHand()).call("catalogue");
  }

  async queueStates(): Promise<QueueState[]> {
    return (await this.#atHand()).call("queueStates");
  }

  async referredBlobs(ids: readonly string[]): Promise<string[]> {
    return (await this.#reader()).call("referredBlobs", ids);
  }

  async counts(): Promise<Count[]> {
    return (await this.#writer()).call("counts");
  }

  async announce(actions: readonly ActionInfo[]): Promise<void> {
    return (await this.#writer()).call("announce", actions);
  }

  async setQueue(queue: QueueState): Promise<void> {
    return (await this.#writer()).call("setQueue", queue);
  }

  async retire(rule: RetentionRule): Promise<Retired> {
    return (await this.#writer()).call("retire", rule);
  }

  async probe(): Promise<void> {
    return (await this.#writer()).call("probe");
  }

  readonly access: AccessStore = {
    tokens: async () => (await this.#writer()).call("tokens"),
    keepTokens: async (tokens) => (await this.#writer()).call("keepTokens", tokens),
    record: async (entries) => (await this.#writer()).call("record", entries),
    audit: async (query) => (await this.#writer()).call("audit", query),
    retireAccess: async (before) => (await this.#writer()).call("retireAccess", before),
  };

  async size(): Promise<number> {
    if (this.#path === null) return 0;
    const files = ["", "-wal", "-shm"].map((end) => sizeOf(this.#path + end));
    return (await Promise.all(files)).reduce((sum, bytes) => sum + bytes, 0);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    try {
      await this.#reopening?.catch(() => null);
      // The reader first: the last connection to close folds the log into the file.
      const reads = await this.#reads?.catch(() => null);
      await reads?.close();
      await this.#writes.close();
    } finally {
      this.#lock?.release();
    }
  }

  /** Reads again without those that are damaged, which are set aside; so it ends. */
  async #readable(read: () => Promise<readonly Row[]>): Promise<Task[]> {
    for (let fruitless = 0; ;) {
      const { tasks, spoilt, isAll } = await read().then(
        (rows) => ({ ...readable(rows), isAll: true }),
        (error: unknown) => {
          if (!(error instanceof TandaError && error.code === "conflict")) throw error;
          return { tasks: [], spoilt: [{ id: "", why: error.message }], isAll: false };
        },
      );
      if (spoilt.length === 0) return tasks;
      const reasons = new Map(spoilt.map(({ id, why }) => [id, why]));
      const set = await (await this.#writer()).call("setAside", [...reasons.keys()]);
      for (const id of set) this.#onSpoilt(id, reasons.get(id) ?? spoilt[0]!.why);
      // What cannot be set aside is passed over all the same.
      if (set.length === 0 && isAll) return tasks;
      // Another read may have met the same ones, and set them aside since.
      if (set.length === 0 && ++fruitless > 1) throw new TandaError("unavailable", spoilt[0]!.why);
    }
  }

  async #writer(): Promise<WriteSide> {
    return this.#writes.isOver ? this.#reopen() : this.#writes;
  }

  /** For what a start and a node at rest ask: little, by an index, and no reason to begin a thread. */
  #atHand(): Promise<Side<Pick<SqliteReads, Little>>> {
    return this.#reads === null ? this.#writer() : this.#reader();
  }

  #reopen(): Promise<WriteSide> {
    if (this.#closing) return Promise.reject(closed());
    this.#reopening ??= this.#openWrites()
      .then((writes) => (this.#writes = writes))
      .finally(() => (this.#reopening = null));
    return this.#reopening;
  }

  async #reader(): Promise<Side<SqliteReads>> {
    const known = this.#reads;
    if (known !== null && !(await known).isOver) return known;
    // Of all who find it over, the first opens another.
    if (this.#reads === known) {
      const opening = this.#closing ? Promise.reject(closed()) : this.#openReads();
      this.#reads = opening;
      // A start that failed, for want of memory or disk, is tried again by the next read.
      opening.catch(() => (this.#reads = null));
    }
    return this.#reads ?? this.#reader();
  }
}

type Little = "catalogue" | "queueStates" | "nextDueAt" | "overdue" | "running";

function toApplied(event: TaskEvent, answer: Answer): Applied {
  if (answer !== null) return { verdict: answer[0], task: toTaskOrNull(answer[1]) };
  return event.type === "submit" ? { verdict: "applied", task: newTask(event.spec) } : APPLIED;
}
const APPLIED: Applied = Object.freeze({ verdict: "applied" });

function toTaskOrNull(row: Row | null): Task | null {
  return row === null ? null : toTask(row);
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch {
    return 0;
  }
}
