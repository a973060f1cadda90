/**
 * What becomes of a task: `decide(row, event) → row`. Pure; clock and chance come with the event.
 * Drivers of the store may say the same in SQL; a test holds them to this.
 *
 * The fence. Attempts are numbered. An event of attempt n is obeyed only while the row is at n (claimed) or at
 * n − 1 and waiting (never claimed: a short task is run first and written once, in its final state).
 * Anything older changes nothing, and the answer is read from the row. Whoever claims what may be run elsewhere without a claim
 * takes the number after that attempt's, and so fences it off.
 */
import type { ErrorBody } from "./errors.ts";
import { backoffDelayMs } from "./retry.ts";
import { isFinal, type State } from "./state.ts";
import {
  isSameRequest,
  newTask,
  type AttemptRecord,
  type BlobRef,
  type LogLine,
  type Task,
  type TaskSpec,
} from "./task.ts";

/** How an attempt ended. `died` = its process or host did; charged only when it ran alone. */
export type Outcome =
  | { readonly type: "done"; readonly result: string | null; readonly resultBlob: BlobRef | null }
  | { readonly type: "failed"; readonly error: ErrorBody; readonly isFinal?: boolean }
  | { readonly type: "died"; readonly error: ErrorBody; readonly isCharged: boolean };

type About = {
  readonly id: string;
  readonly at: number;
  /**
   * Makes the row first when there is none: the event of a task that nobody was promised yet. Where another request has the
   * id, what was run was not that request: such a claim, finish or expire is a conflict.
   */
  readonly spec?: TaskSpec | undefined;
};

export type TaskEvent =
  | { readonly type: "submit"; readonly id: string; readonly at: number; readonly spec: TaskSpec }
  | ({
      readonly type: "claim";
      readonly attempt: number;
      /** The attempt before this one was never claimed, and may be under way: it is passed by. */
      readonly overtakes?: true | undefined;
    } & About)
  | ({
      readonly type: "finish";
      readonly attempt: number;
      readonly outcome: Outcome;
      readonly startedAt: number;
      /** 0 ≤ x < 1, for the jitter of a retry. */
      readonly chance: number;
      readonly log?: readonly LogLine[] | undefined;
      readonly progress?: string | null | undefined;
      /** When the row was made, that is known to be there. Where another has its id by now, that one was not run: a conflict. */
      readonly createdAt?: number | undefined;
    } & About)
  | ({ readonly type: "cancel" } & About)
  | ({ readonly type: "expire" } & About)
  | ({ readonly type: "due" } & About)
  | ({ readonly type: "retry" } & About)
  | ({ readonly type: "delete" } & About);

export type Verdict =
  /** the row changed as asked */
  | "applied"
  /** the same thing was said before, or somebody else was first: the row stands, nothing is wrong */
  | "unchanged"
  /** id or key taken by another request */
  | "conflict"
  /** the state does not allow it */
  | "refused"
  | "not_found";

/** `row` is null when there is none (after a delete, or never was). */
export type Decision = { readonly row: Task | null; readonly verdict: Verdict };

const MAX_HISTORY = 20;
export const MAX_LOG_LINES = 1000;

export function decide(stored: Task | null, event: TaskEvent): Decision {
  if (event.type === "submit") {
    if (stored === null) return { row: newTask(event.spec), verdict: "applied" };
    return { row: stored, verdict: isSameRequest(stored, event.spec) ? "unchanged" : "conflict" };
  }
  const row = stored ?? (event.spec ? newTask(event.spec) : null);
  if (row === null) return { row: null, verdict: "not_found" };
  if (stored !== null && event.spec && event.type !== "cancel" && !isSameRequest(stored, event.spec))
    return { row, verdict: "conflict" };
  switch (event.type) {
    case "claim":
      return claim(row, event);
    case "finish":
      return finish(row, event);
    case "cancel":
      return isFinal(row.state)
        ? standing(row, row.state === "cancelled")
        : ended(row, "cancelled", event.at);
    case "expire":
      if (row.state === "running" || isFinal(row.state)) return { row, verdict: "unchanged" };
      return ended(row, "expired", event.at);
    case "due":
      if (row.state !== "scheduled" && row.state !== "retrying") return { row, verdict: "unchanged" };
      return { row: { ...row, state: "queued" }, verdict: "applied" };
    case "retry":
      return retryByHand(row, event.at);
    case "delete":
      return isFinal(row.state) ? { row: null, verdict: "applied" } : { row, verdict: "refused" };
  }
}

function standing(row: Task, isSame: boolean): Decision {
  return { row, verdict: isSame ? "unchanged" : "refused" };
}

function ended(row: Task, state: "cancelled" | "expired", at: number): Decision {
  return { row: { ...row, state, finishedAt: at, dueAt: null }, verdict: "applied" };
}

function claim(row: Task, event: Extract<TaskEvent, { type: "claim" }>): Decision {
  const from = event.attempt - (event.overtakes ? 2 : 1);
  if (row.state !== "queued" || row.attempt !== from) return { row, verdict: "unchanged" };
  return {
    row: { ...row, state: "running", attempt: event.attempt, startedAt: event.at },
    verdict: "applied",
  };
}

function finish(row: Task, event: Extract<TaskEvent, { type: "finish" }>): Decision {
  if (event.createdAt !== undefined && event.createdAt !== row.createdAt) return { row, verdict: "conflict" };
  const isClaimed = row.state === "running" && row.attempt === event.attempt;
  const isRide = row.state === "queued" && row.attempt === event.attempt - 1;
  if (!isClaimed && !isRide) return { row, verdict: "unchanged" };
  const { outcome } = event;
  const base = {
    ...row,
    attempt: event.attempt,
    startedAt: event.startedAt,
    log: event.log?.length ? [...row.log, ...event.log].slice(-MAX_LOG_LINES) : row.log,
    progress: event.progress ?? row.progress,
  };
  if (outcome.type === "done") {
    const { result, resultBlob } = outcome;
    return {
      row: { ...base, state: "done", result, resultBlob, error: null, dueAt: null, finishedAt: event.at },
      verdict: "applied",
    };
  }
  const record: AttemptRecord = {
    attempt: event.attempt,
    startedAt: event.startedAt,
    endedAt: event.at,
    code: outcome.error.code,
    message: outcome.error.message,
  };
  const history = [...row.history, record].slice(-MAX_HISTORY);
  if (outcome.type === "died") {
    const losses = row.losses + (outcome.isCharged ? 1 : 0);
    if (losses >= row.policy.losses && outcome.isCharged) {
      return {
        row: {
          ...base,
          state: "failed",
          losses,
          history,
          error: outcome.error,
          dueAt: null,
          finishedAt: event.at,
        },
        verdict: "applied",
      };
    }
    return {
      row: { ...base, state: "queued", losses, history, startedAt: null, dueAt: event.at },
      verdict: "applied",
    };
  }
  const failures = row.failures + 1;
  if (outcome.isFinal || failures >= row.policy.attempts) {
    return {
      row: {
        ...base,
        state: "failed",
        failures,
        history,
        error: outcome.error,
        dueAt: null,
        finishedAt: event.at,
      },
      verdict: "applied",
    };
  }
  const dueAt = event.at + backoffDelayMs(row.policy.backoff, failures, event.chance);
  return {
    row: { ...base, state: "retrying", failures, history, error: outcome.error, dueAt },
    verdict: "applied",
  };
}

/**
 * A person's wish, so the budgets start anew; the attempt number goes on, since it is the fence. A first attempt, that runs without
 * a claim, may still be under way after a cancel: it is passed by.
 */
function retryByHand(row: Task, at: number): Decision {
  if (row.state === "done") return { row, verdict: "refused" };
  if (!isFinal(row.state)) return { row, verdict: "unchanged" };
  const state: State = "queued";
  return {
    row: {
      ...row,
      state,
      attempt: Math.max(row.attempt, 1),
      failures: 0,
      losses: 0,
      error: null,
      dueAt: at,
      expiresAt: null,
      startedAt: null,
      finishedAt: null,
    },
    verdict: "applied",
  };
}
