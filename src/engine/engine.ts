/**
 * What a gateway may ask: the use cases of one node. HTTP, lines, WebSocket and the in-process client all call this,
 * so a rule that lives here holds at every door. Refusals are thrown or answered as TandaError.
 */
import type { Blobs } from "../blobs/blobs.ts";
import type { AuditFilter, AuditPage, CreatedToken, TokenView } from "../protocol/access.ts";
import type {
  ActionView,
  Explanation,
  HistoryView,
  HistoryWindow,
  ListFilter,
  NodeView,
  QueueView,
  StatsView,
  SubmitOptions,
  TaskView,
  WatchEvent,
  WorkerView,
} from "../protocol/messages.ts";
import type { TokenWish } from "../protocol/token-wish.ts";
import type { AuditEntry, TokenRecord } from "../task/access.ts";
import type { ErrorBody } from "../task/errors.ts";
import type { BlobRef } from "../task/task.ts";
import type { Metrics } from "./metrics.ts";

export interface Engine {
  /**
   * Accepts tasks, all in the order given. Each is answered once through `waiter.answer`, later and in any order, after what the
   * answer says is durable. Never throws: a refusal is an answer. Also takes what one read brought in, at the price of one.
   */
  submit(submissions: readonly Submission[], waiter: Waiter): void;

  /**
   * The wait for what was submitted to be waited for, under a new id that `options.task` names, is over: answered once, `queued`
   * after it is durable, or with its end if that was first. It was let in before, so neither a limit nor a drain refuses it.
   */
  promise(submission: Submission, waiter: Waiter): void;

  get(task: string): Promise<TaskView>;
  /** Answers when the task is final, at once if it is. */
  wait(task: string, token: unknown, waiter: Waiter): Promise<void>;
  /** This waiter is gone or gave up: nothing more is answered to it, and nothing is kept for it. Its tasks go on. */
  leave(waiter: Waiter): void;
  /** `missing`: nodes of a cluster that could not be asked. */
  list(filter: ListFilter): Promise<{ tasks: TaskView[]; next: string | null; missing?: number[] }>;
  /** Calls `listener` with batches of events until `stop` is called; for one task it ends by itself after the final state. */
  watch(filter: WatchFilter, listener: WatchListener): Promise<{ stop: () => void }>;
  cancel(task: string): Promise<TaskView>;
  retry(task: string): Promise<TaskView>;
  delete(task: string): Promise<{ task: string; deleted: true }>;
  explain(task: string): Promise<Explanation>;

  pause(queue: string): Promise<QueueView>;
  resume(queue: string): Promise<QueueView>;
  drain(queue: string): Promise<QueueView>;
  /** Cancels all that waits in the queue. */
  purge(queue: string): Promise<{ queue: string; cancelled: number }>;

  /** It takes nothing new, what runs goes to its end; until it is resumed, or its process ends. Twice is safe. */
  drainWorker(worker: string): Promise<WorkerView>;
  resumeWorker(worker: string): Promise<WorkerView>;

  actions(): Promise<ActionView[]>;
  queues(): Promise<QueueView[]>;
  workers(): Promise<WorkerView[]>;
  nodes(): Promise<NodeView[]>;
  stats(): Promise<StatsView>;
  history(window: HistoryWindow): Promise<HistoryView>;

  /** @param wish checked (protocol/scopes.ts). */
  createToken(wish: TokenWish): Promise<CreatedToken>;
  /** Newest first, those that are over too. */
  tokens(): Promise<TokenView[]>;
  /** @param token its id, or all of it. It stops working at once here, and within seconds everywhere. */
  revokeToken(token: string): Promise<TokenView>;
  /** What another node of a cluster knows; answers all that is known here. */
  keepTokens(tokens: readonly TokenRecord[]): Promise<TokenRecord[]>;
  audit(filter: AuditFilter): Promise<AuditPage>;
  readonly access: Access;

  /** In a cluster: of this node alone. Absent where this engine is that already. */
  readonly local?: Engine;
  readonly blobs: Blobs;
  /** True only while a round trip through queue and store succeeded in the last few seconds. */
  readonly health: Health;
  readonly metrics: Metrics;
  /** So many tasks in flight keep those busy that run them; more only wait. */
  readonly appetite: number;
  /** This node: its number, which is a part of the ids it makes, and what it runs. */
  readonly self: { readonly node: number; readonly version: string };
}

/** What doors ask before they let somebody do something, and tell after. Costs no word to the store. */
export interface Access {
  /** As known here. */
  token(id: string): TokenRecord | undefined;
  /** Looks again, for a token that is not known here: it may be new. Rarely does anything. */
  refresh(): Promise<void>;
  /** The queue of an action's tasks when they name none. */
  queueOf(action: string): string;
  /** An administrative act, done or refused: kept in the audit log. */
  record(act: Act): void;
  /** Cancels of tasks that are nobody's own: an act when there are many. */
  cancelled(act: Act): void;
}

export type Act = Omit<AuditEntry, "id" | "at">;

export type Submission = {
  readonly token: unknown;
  readonly action: string;
  /** JSON text. */
  readonly payload: string;
  /** Checked: only known options of the right types (protocol/request.ts). */
  readonly options: SubmitOptions | null;
};

/** Who waits for answers: a connection or one HTTP request. */
export interface Waiter {
  answer(token: unknown, answer: Answer): void;
  /** Who asks, over all it asks: a connection. Left out where that is not known. */
  readonly sender?: object;
  /** Of this sender, with what it submits just now. */
  readonly unanswered?: number;
}

/** `task` is null when nothing was accepted. `result` is JSON text, null when it lies in `resultBlob`. */
export type Answer =
  | {
      readonly status: "done";
      readonly task: string;
      readonly result: string | null;
      readonly resultBlob: BlobRef | null;
    }
  | { readonly status: "failed"; readonly task: string | null; readonly error: ErrorBody }
  | {
      readonly status: "queued" | "scheduled";
      readonly task: string;
      /** It was there before. */ readonly isRepeat: boolean;
    };

export type WatchFilter = { task?: string; action?: string; queue?: string; owner?: string };
/** `isLast` with the final state of a single watched task. */
export type WatchListener = (events: readonly WatchEvent[], isLast: boolean) => void;

export type Health = {
  readonly state: "starting" | "ready" | "not_ready" | "draining";
  /** What is wrong, for a person; ready with a reason is a node that does its work without something it should have. */
  readonly reason: string | null;
};
