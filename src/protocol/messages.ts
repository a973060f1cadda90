/**
 * The messages of lines and WebSocket, as types. docs/protocol.md is their text.
 * Runs in a browser too: nothing here may need Node.
 */
import type { TokenRecord } from "../task/access.ts";
import type { Duration } from "../task/duration.ts";
import type { ErrorBody } from "../task/errors.ts";
import type { BackoffOption } from "../task/retry.ts";
import type { State } from "../task/state.ts";
import type { AttemptRecord, LogLine, Priority } from "../task/task.ts";
import type { Explanation } from "./explanation.ts";
import type { TokenWish } from "./token-wish.ts";
import type { ActionRates, QueueRates } from "./rates.ts";

/** Any JSON value; comes back as it was. Numbers beyond 2⁵³ are refused. */
export type RequestId = unknown;

export type { BackoffOption, Explanation };

/** `options` of a request. Anything else in it is refused. */
export type SubmitOptions = {
  /** false: answer `queued` or `scheduled` once it is durable. Default true: answer when final. */
  wait?: boolean;
  /** The task's id, a UUIDv7 of the client's. */
  task?: string;
  /** A repeat of a submit whose answer was not seen. */
  again?: boolean;
  /** The user's own idempotency key. */
  key?: string;
  queue?: string;
  priority?: Priority;
  delay?: Duration;
  /** Epoch ms or RFC 3339. */
  runAt?: number | string;
  attempts?: number;
  losses?: number;
  backoff?: BackoffOption;
  timeout?: Duration;
  expires?: Duration;
  retention?: Duration;
  /** In a cluster: this node keeps it, whoever owns its id or key. What one node asks of another says so. */
  local?: boolean;
  /** Id of a token whose own task it is to be; only from who may do all. What a token submits is its own by itself. */
  owner?: string;
};
export const OPTION_NAMES: ReadonlySet<string> = new Set([
  "wait",
  "task",
  "again",
  "key",
  "queue",
  "priority",
  "delay",
  "runAt",
  "attempts",
  "losses",
  "backoff",
  "timeout",
  "expires",
  "retention",
  "local",
  "owner",
]);

export type SubmitRequest = { id?: RequestId; action: string; payload?: unknown; options?: SubmitOptions };

export const TASK_OPS = ["get", "wait", "cancel", "retry", "delete", "explain"] as const;
export const QUEUE_OPS = ["pause", "resume", "drain", "purge"] as const;
export const WORKER_OPS = ["drain_worker", "resume_worker"] as const;
export const VIEW_OPS = ["actions", "queues", "workers", "nodes", "stats", "ping"] as const;
/** Tokens and the audit log; `keep_tokens` is what nodes of a cluster tell each other. */
export const ACCESS_OPS = ["create_token", "revoke_token", "tokens", "keep_tokens", "audit"] as const;
export const OPS = [
  ...TASK_OPS,
  "list",
  "watch",
  "unwatch",
  ...QUEUE_OPS,
  ...WORKER_OPS,
  ...VIEW_OPS,
  "history",
  ...ACCESS_OPS,
  "auth",
  "node",
] as const;
export type Op = (typeof OPS)[number];

export type OpRequest = {
  id?: RequestId;
  op: Op;
  task?: string;
  queue?: string;
  /** Of drain_worker and resume_worker: a worker's name. */
  worker?: string;
  /** auth: the token. revoke_token: its id, or all of it. */
  token?: string;
  /** node: who asks whom, with what fresh chance, and that it knows the secret of the cluster (node-proof.ts). */
  from?: number;
  to?: number;
  nonce?: string;
  proof?: string;
  /** keep_tokens: what the other node knows. */
  tokens?: readonly TokenRecord[];
  /** unwatch: the id of the `watch` request to end. */
  watch?: RequestId;
  /** history: how far back. */
  window?: HistoryWindow;
  /** In a cluster: of this node alone. */
  local?: boolean;
} & ListFilter &
  TokenWish;

export type ListFilter = {
  state?: State;
  action?: string;
  queue?: string;
  /** Id of the token whose own tasks these are. */
  owner?: string;
  /** Epoch ms, RFC 3339, or a duration back from now ("1h"). */
  since?: number | string;
  prefix?: string;
  cursor?: string;
  /** 1 … 1000, default 100. */
  limit?: number;
};

export const LIST_FIELDS = [
  "state",
  "action",
  "queue",
  "owner",
  "since",
  "prefix",
  "cursor",
  "limit",
] as const satisfies (keyof ListFilter)[];
export const WATCH_FIELDS = ["task", "action", "queue", "owner"] as const;

/** What `get` tells. Instants are epoch milliseconds; absent = does not apply. */
export type TaskView = {
  task: string;
  action: string;
  queue: string;
  priority: Priority;
  state: State;
  attempt: number;
  attempts: number;
  losses: number;
  createdAt: number;
  timeoutMs: number;
  key?: string;
  /** Id of the token whose own task it is. */
  owner?: string;
  dueAt?: number;
  expiresAt?: number;
  startedAt?: number;
  finishedAt?: number;
  error?: ErrorBody;
  /** These are left out of lists. A large value is `{"$blob": id, "bytes": n}`. */
  payload?: unknown;
  result?: unknown;
  progress?: unknown;
  history?: readonly AttemptRecord[];
  log?: readonly LogLine[];
};

export type BlobLink = { $blob: string; bytes: number };

/** What `watch` tells. `state` events carry the view without payload; the final one with result or error. */
export type WatchEvent =
  | {
      type: "state";
      at: number;
      task: string;
      action: string;
      queue: string;
      state: State;
      attempt: number;
      view?: TaskView;
    }
  | { type: "progress"; at: number; task: string; attempt: number; progress: unknown }
  | ({ type: "log"; task: string } & LogLine)
  /** Some events were left out because this watcher reads too slowly; its number says how many. */
  | { type: "missed"; at: number; count: number };

export type QueueView = QueueRates & {
  mode: "open" | "paused" | "draining";
  /** By state; only those that are not zero. */
  counts: Partial<Record<State, number>>;
  waiting: number;
  oldestAgeMs: number | null;
  /** In a cluster, where nodes differ: `mode` is the strictest. */
  modes?: { node: number; mode: "open" | "paused" | "draining" }[];
  /** In a cluster: nodes that could not be asked, and are not counted. */
  missing?: number[];
};

export type ThreadView = {
  thread: number;
  state: "starting" | "idle" | "busy" | "stuck";
  /** What it runs now. */
  tasks: { task: string; action: string; sinceMs: number }[];
};
export type WorkerView = {
  worker: string;
  node: number;
  pid: number;
  /** `draining`: it takes nothing new, by an operator's word or because its node stops. What runs may have ended long ago. */
  state: "starting" | "running" | "draining";
  startedAt: number;
  rssBytes: number;
  threads: ThreadView[];
};
export type NodeView = {
  node: number;
  pid: number;
  version: string;
  roles: string[];
  /** `down`: a peer that does not answer; of it nothing is known but its number and where it should listen. */
  state: "starting" | "ready" | "not_ready" | "draining" | "down";
  startedAt: number;
  rssBytes: number;
  connections: number;
  listen: string[];
  /** The kinds of what it works with: `embedded`, `rabbitmq` or `postgres`; `sqlite` or `postgres`; `files` or `s3`. */
  uses?: { queue: string; store: string; blobs: string };
};
export type ActionView = ActionRates & {
  description?: string;
  queue: string;
  priority: Priority;
  attempts: number;
  timeoutMs: number;
  concurrency?: number;
  /** Somebody serves it now. */
  isServed: boolean;
  /** Mean run time, when it was measured. */
  meanRunMs?: number;
  input?: unknown;
  output?: unknown;
};
export type StatsView = {
  at: number;
  uptimeMs: number;
  counts: { queue: string; action: string; state: State; count: number }[];
  states: Partial<Record<State, number>>;
  /** Over the last 10 s. */
  perSecond: { submitted: number; finished: number; failed: number };
  startDelayMs: { p50: number; p99: number };
  runMs: { p50: number; p99: number };
  inFlight: number;
  inFlightBytes: number;
  connections: number;
  threads: { total: number; busy: number };
  eventLoopLagMs: number;
  storeBytes: number;
  /** In a cluster: nodes that could not be asked, and are not counted. */
  missing?: number[];
};
export const HISTORY_WINDOWS = ["10m", "2h", "1d"] as const;
export type HistoryWindow = (typeof HISTORY_WINDOWS)[number];
/** What was measured in each step of a window, oldest first; steps begin at whole multiples of `stepMs`. */
export type HistoryView = {
  window: HistoryWindow;
  stepMs: number;
  points: HistoryPoint[];
  /** In a cluster: nodes that could not be asked, and are not counted. */
  missing?: number[];
};
/** Rates are means, each sample over 10 s; `waiting` and `inFlight` the most, p99 the worst of the step. */
export type HistoryPoint = Pick<
  StatsView,
  "perSecond" | "startDelayMs" | "runMs" | "inFlight" | "threads"
> & {
  /** Its begin, epoch milliseconds. */
  at: number;
  waiting: number;
};
/** What `ping` tells; also the greeting of a client, which names its tasks with the tag of this node. */
export type PingView = {
  state: "starting" | "ready" | "not_ready" | "draining";
  /** What is wrong, when it is not ready. */
  reason?: string;
  node?: number;
  version?: string;
  /** The node's clock, epoch milliseconds. */
  at?: number;
};
/** An answer to a bare request has no `task`; one with options has. */
export type Reply =
  | { id?: RequestId; task?: string; status: "done"; result: { ok: true; data: unknown } }
  | { id?: RequestId; task?: string; status: "failed"; result: { ok: false; error: ErrorBody } }
  | { id?: RequestId; task: string; status: "queued" | "scheduled" }
  | { id?: RequestId; status: "ok"; data: unknown }
  | { id?: RequestId; status: "event"; data: WatchEvent };

/** On a GET of a blob over HTTP: of this node alone, as `local` is for ops. */
export const OWN_ONLY_HEADER = "tanda-local";
