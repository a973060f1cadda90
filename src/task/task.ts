import type { ErrorBody } from "./errors.ts";
import type { State } from "./state.ts";

/** Names on the wire; the number in the row is the position. Higher starts first. */
export const PRIORITIES = ["low", "normal", "high", "critical"] as const;
export type Priority = (typeof PRIORITIES)[number];
export type PriorityLevel = 0 | 1 | 2 | 3;
export const NORMAL: PriorityLevel = 1;

export type Backoff = {
  readonly type: "fixed" | "exponential";
  readonly delayMs: number;
  readonly maxDelayMs: number;
  /** Share of the delay that chance may take away or add: 0.5 means ×0.5 … ×1.5. */
  readonly jitter: number;
};

/** How a task is treated. Tasks of one action usually share one frozen Policy object; compare by reference first. */
export type Policy = {
  /** Total tries that the handler may spend by failing or running out of time; ≥ 1. */
  readonly attempts: number;
  /** Tries that may end because a process or host died; a budget of its own. */
  readonly losses: number;
  readonly backoff: Backoff;
  /** For each attempt. */
  readonly timeoutMs: number;
  /** How long a finished task is kept; null = the node's rule. */
  readonly retentionMs: number | null;
};

export const DEFAULT_POLICY: Policy = Object.freeze({
  attempts: 1,
  losses: 3,
  backoff: Object.freeze({ type: "exponential", delayMs: 1000, maxDelayMs: 3_600_000, jitter: 0.25 }),
  timeoutMs: 300_000,
  retentionMs: null,
} satisfies Policy);

/** What a client asked for, complete: enough to make the row from nothing. Instants are epoch milliseconds. */
export type TaskSpec = {
  readonly id: string;
  readonly action: string;
  readonly queue: string;
  readonly priority: PriorityLevel;
  /** JSON text; "" when it lies in a blob. */
  readonly payload: string;
  /** Blob id of the payload's JSON text, when it is too large for a row. */
  readonly payloadBlob: string | null;
  /** The user's own; that of a token's task begins with the token's id: see {@link ownedKey}. */
  readonly key: string | null;
  /** Id of the token whose own task it is: no other token that sees only its own sees this one. Null: nobody's. */
  readonly owner: string | null;
  readonly policy: Policy;
  /** Since when it may start, where that is not its creation: as asked for, or made ready again. How long it waited counts from it. */
  readonly dueAt: number | null;
  readonly expiresAt: number | null;
  readonly createdAt: number;
};

/** One attempt that ended without success, kept with the task. */
export type AttemptRecord = {
  attempt: number;
  startedAt: number | null;
  endedAt: number;
  code: ErrorBody["code"];
  message: string;
};

export type LogLine = {
  at: number;
  attempt: number;
  level: "debug" | "info" | "warn" | "error";
  text: string;
};

/** The row: everything that is known of a task. */
export type Task = TaskSpec & {
  readonly state: State;
  /** Number of the latest attempt that was claimed or recorded; 0 before the first. The fence: see decide.ts. */
  readonly attempt: number;
  /** Attempts that count against `policy.attempts`. */
  readonly failures: number;
  readonly losses: number;
  /** JSON text, or null. "" is never stored. */
  readonly result: string | null;
  readonly resultBlob: BlobRef | null;
  readonly error: ErrorBody | null;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly history: readonly AttemptRecord[];
  readonly log: readonly LogLine[];
  /** The last value the handler reported, JSON text. */
  readonly progress: string | null;
};

/** A large value beside the store. `id` is the sha-256 of the bytes, in hex. */
export type BlobRef = { readonly id: string; readonly bytes: number };

/** What can be told of an action without its code; stored, so that a name once announced stays known. */
export type ActionInfo = {
  readonly name: string;
  readonly description: string | null;
  readonly queue: string;
  readonly priority: PriorityLevel;
  readonly policy: Policy;
  /** Tasks of this action one node runs at once; null = one a thread. */
  readonly concurrency: number | null;
  readonly expiresMs: number | null;
  /** JSON Schema of input and output, when the schema library can tell it. */
  readonly input: unknown;
  readonly output: unknown;
};

export function newTask(spec: TaskSpec): Task {
  return {
    ...spec,
    state: spec.dueAt !== null && spec.dueAt > spec.createdAt ? "scheduled" : "queued",
    attempt: 0,
    failures: 0,
    losses: 0,
    result: null,
    resultBlob: null,
    error: null,
    startedAt: null,
    finishedAt: null,
    history: [],
    log: [],
    progress: null,
  };
}

/** Keys of a token are names of its own: what others call the same is another task. */
export function ownedKey(owner: string | null, key: string): string {
  return owner === null ? key : `${owner}/${key}`;
}

/** Same request? What {@link TaskSpec} differs in besides (priority, delay …) is the first submit's. */
export function isSameRequest(a: TaskSpec, b: TaskSpec): boolean {
  return (
    a.action === b.action && a.payload === b.payload && a.payloadBlob === b.payloadBlob && a.owner === b.owner
  );
}
