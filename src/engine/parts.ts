import type { Blobs } from "../blobs/blobs.ts";
import type { Message, Queue } from "../queue/queue.ts";
import type { Store } from "../store/store.ts";
import { TandaError, toTandaError, type ErrorBody } from "../task/errors.ts";
import type { State } from "../task/state.ts";
import { isSuspect } from "../task/suspect.ts";
import type { Task, TaskSpec } from "../task/task.ts";
import type { Admission } from "./admission.ts";
import type { AuditLog } from "./audit-log.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Answer } from "./engine.ts";
import type { Fleet } from "./fleet.ts";
import type { Forecast } from "./forecast.ts";
import type { Flights } from "./flights.ts";
import type { History } from "./history.ts";
import type { Lately } from "./lately.ts";
import type { Metrics } from "./metrics.ts";
import type { Recent } from "./recent.ts";
import type { Tokens } from "./tokens.ts";
import type { Watchers } from "./watchers.ts";

/** What the use cases share. Made once by the node. */
export type EngineParts = {
  readonly store: Store;
  readonly queue: Queue;
  readonly blobs: Blobs;
  readonly catalogue: Catalogue;
  readonly admission: Admission;
  readonly flights: Flights;
  readonly watchers: Watchers;
  readonly metrics: Metrics;
  readonly recent: Recent;
  readonly lately: Lately;
  readonly forecast: Forecast;
  readonly history: History;
  readonly tokens: Tokens;
  readonly audit: AuditLog;
  /** Null for a node that has its store for itself. */
  readonly fleet: Fleet | null;
  readonly now: () => number;
  readonly makeId: () => string;
  /** A task will be due then. */
  readonly onDue: (at: number) => void;
  /** A task with `expiresAt` came in. */
  readonly onExpiring: () => void;
  /** A task became final. */
  readonly onEnded: (
    spec: TaskSpec,
    state: State,
    startedAt: number | null,
    endedAt: number | null,
    error: ErrorBody | null,
  ) => void;
  /** Characters of JSON text over which a payload goes to a blob. */
  readonly inlineChars: number;
  readonly log: EngineLog;
};

/** Tries of a task that was published before: where others may have it too, it is claimed before it runs. */
export function republished(parts: EngineParts, row: Task, waiter?: string): Message {
  const message = { spec: row, attempt: row.attempt + 1, isRide: false, isSuspect: false };
  // Alone, the worker knows its suspects.
  if (parts.fleet === null) return message;
  return { ...message, isRepeat: true, isSuspect: isSuspect(row), waiter };
}

export type EngineLog = {
  info(facts: object, text: string): void;
  warn(facts: object, text: string): void;
  error(facts: object, text: string): void;
  debug(facts: object, text: string): void;
};

/** What a waiter is told of a final row. */
export function answerOf(row: Task): Answer {
  if (row.state === "done")
    return { status: "done", task: row.id, result: row.result, resultBlob: row.resultBlob };
  return { status: "failed", task: row.id, error: errorOf(row) };
}

function errorOf(row: Task): ErrorBody {
  if (row.state === "cancelled") return { code: "cancelled", message: "The task was cancelled." };
  if (row.state === "expired") return { code: "expired", message: "The task was not started in time." };
  return row.error ?? { code: "internal", message: `The task is ${row.state}.` };
}

export function failedAnswer(task: string | null, thrown: unknown): Answer {
  return { status: "failed", task, error: toTandaError(thrown).toBody() };
}

export function noSuchWorker(worker: string): TandaError {
  return new TandaError("not_found", `There is no worker ${JSON.stringify(worker.slice(0, 60))}.`, {
    hint: "`tanda workers` lists those there are; a quarantine follows the worker before its dot.",
  });
}
