import type { TaskEvent, Verdict } from "../task/decide.ts";
import type { State } from "../task/state.ts";
import type { ActionInfo, Task } from "../task/task.ts";
import type { AccessStore } from "./access-store.ts";

/**
 * What happened: the store remembers tasks, and is the only truth about them.
 *
 * - Every write takes an array. Events of one call are decided in order, as `decide` (task/decide.ts) says, against
 *   the rows as they stand; a driver MUST give the same answers as `decide` and MUST NOT have rules of its own.
 * - `apply` resolves only AFTER its changes are durable (fsync). It MUST be all or nothing per event, MAY be so per
 *   call, and MAY put calls that arrive while it commits into one transaction. It MUST NOT wait for more to come.
 * - A finish MUST be recorded at most once: the fence of `decide` holds whoever calls, however often.
 * - When the disk is full or the store cannot be reached, `apply` rejects with `busy` or `unavailable`. The caller may
 *   repeat the same events later: a repeat of what was done answers `unchanged`, never harms.
 *   If the outcome of a commit is unknown it rejects with `unavailable`; it MUST NOT claim failure.
 * - Reads see every write that was resolved before they were called. They MUST NOT hold up writes for long: lists are
 *   bounded by rows read, not only by rows returned.
 * - The time in a task's id is within a day of its `createdAt`: a driver MAY bound a scan by it.
 * - Instants come with the events (epoch milliseconds); a driver MUST NOT read a clock for anything kept.
 * - A row that was damaged where it lies MUST NOT keep its neighbours from being read or written: spoilt-row.ts has the rule.
 * - `close` ends after what was accepted is durable; twice is safe.
 */
export interface Store extends AsyncDisposable {
  apply(events: readonly TaskEvent[]): Promise<Applied[]>;

  /** In the order asked; null where there is none. */
  get(ids: readonly string[]): Promise<(Task | null)[]>;
  getByKey(keys: readonly string[]): Promise<(Task | null)[]>;
  list(query: ListQuery): Promise<Page>;

  /** Rows that wait to run (state queued) of one queue and priority, in the order they are to start: by id. `after` is exclusive. */
  backlog(queue: string, priority: number, after: string | null, limit: number): Promise<Task[]>;
  /** Rows in `scheduled` or `retrying` with `dueAt` ≤ `until`, soonest first. */
  due(until: number, limit: number): Promise<Task[]>;
  /** The soonest `dueAt` there is, to know when to look again. */
  nextDueAt(): Promise<number | null>;
  /** Rows that wait (queued, scheduled, retrying) with `expiresAt` ≤ `until`. */
  overdue(until: number, limit: number): Promise<Task[]>;
  /** Rows in `running`: at a start, those a dead process left. */
  running(limit: number): Promise<Task[]>;

  /** Kept as rows change, never counted. Only non-zero entries. */
  counts(): Promise<Count[]>;

  /** Names of actions ever announced: only a name never seen is `unknown_action`. */
  announce(actions: readonly ActionInfo[]): Promise<void>;
  catalogue(): Promise<ActionInfo[]>;

  /** Queues that are not simply open. */
  setQueue(queue: QueueState): Promise<void>;
  queueStates(): Promise<QueueState[]>;

  /** Deletes some finished tasks that are past the rule, oldest first, in at most about 10 ms of the writer's time. */
  retire(rule: RetentionRule): Promise<Retired>;
  /** Of these blob ids, those that a task still refers to. */
  referredBlobs(ids: readonly string[]): Promise<string[]>;

  /** A round trip through the same path as a write: resolves when the store can commit. */
  probe(): Promise<void>;
  /** Bytes used on disk, log files included; 0 for a store in memory. */
  size(): Promise<number>;
  close(): Promise<void>;

  readonly access: AccessStore;
}

/** `task` is the row after the event (null when deleted or not found). For a `finish` that applied it MAY be omitted as undefined: the caller knows it. */
export type Applied = { readonly verdict: Verdict; readonly task?: Task | null };

export type ListQuery = {
  state?: State | undefined;
  action?: string | undefined;
  queue?: string | undefined;
  /** Own tasks of this token alone; `prefix` is then of its own keys. */
  owner?: string | undefined;
  /** Created at or after, epoch ms. */
  since?: number | undefined;
  /** Beginning of an id or of a key. */
  prefix?: string | undefined;
  /** Continue after this id (from `Page.next`). */
  cursor?: string | undefined;
  /** 1 … 1000. */
  limit: number;
};

/** Newest first, by id. `next` is null at the end; a page may be short, even empty, and still have a `next`: the scan is bounded, in rows and in bytes. */
export type Page = { tasks: ListedTask[]; next: string | null };

/** Without what may be long: a list MUST NOT read it. */
export type ListedTask = Omit<Task, "payload" | "result" | "history" | "log" | "progress">;

export type Count = { queue: string; action: string; state: State; count: number };

/** paused: nothing starts. draining: nothing new is accepted, what is there runs. */
export type QueueState = { queue: string; mode: "open" | "paused" | "draining" };

export type RetentionRule = {
  now: number;
  /** Finished before this instant. */
  finishedBefore: number;
  maxFinished: number;
  maxBytes: number;
};

/** `isMore`: call again soon. */
export type Retired = { deleted: number; isMore: boolean };
