/** Tasks and events to test stores with: complete, with only what a test cares about said. */
import type { Lost } from "../../src/store/shared-store.ts";
import type { Outcome, TaskEvent } from "../../src/task/decide.ts";
import type { ErrorBody } from "../../src/task/errors.ts";
import { createIdMaker } from "../../src/task/id.ts";
import { DEFAULT_POLICY, NORMAL, type Policy, type TaskSpec } from "../../src/task/task.ts";

/** The instant at which all samples are made. */
export const T0 = 1_750_000_000_000;
export const DAY_MS = 86_400_000;

export const makeId = createIdMaker(7, () => T0, Math.random);
const makeIdNow = createIdMaker(7, Date.now, Math.random);

export const PATIENT: Policy = { ...DEFAULT_POLICY, attempts: 3 };

export function newSpec(more: Partial<TaskSpec> = {}): TaskSpec {
  return {
    id: makeId(),
    action: "upper",
    queue: "default",
    priority: NORMAL,
    payload: '"hola"',
    payloadBlob: null,
    owner: null,
    key: null,
    policy: DEFAULT_POLICY,
    dueAt: null,
    expiresAt: null,
    createdAt: T0,
    ...more,
  };
}

/** Made now, where a clock is at work. */
export function newSpecNow(more: Partial<TaskSpec> = {}): TaskSpec {
  return newSpec({ id: makeIdNow(), createdAt: Date.now(), ...more });
}

export const DONE: Outcome = { type: "done", result: '"HOLA"', resultBlob: null };
export const ERROR: ErrorBody = { code: "task_error", message: "no", details: { reason: [1] } };
export const FAILED: Outcome = { type: "failed", error: ERROR };

export function submit(spec: TaskSpec, at = T0): TaskEvent {
  return { type: "submit", id: spec.id, at, spec };
}

export function claim(id: string, attempt: number, at = T0 + 1): TaskEvent {
  return { type: "claim", id, at, attempt };
}

type Finish = Extract<TaskEvent, { type: "finish" }>;

export function finish(id: string, attempt: number, outcome: Outcome = DONE, at = T0 + 2): Finish {
  return { type: "finish", id, at, attempt, outcome, startedAt: T0 + 1, chance: 0.5 };
}

/** The finish of a task that has no row yet. */
export function ride(spec: TaskSpec, outcome: Outcome = DONE, at = T0 + 2): Finish {
  return { ...finish(spec.id, 1, outcome, at), spec };
}

export function simple(
  type: "cancel" | "expire" | "due" | "retry" | "delete",
  id: string,
  at = T0 + 3,
): TaskEvent {
  return { type, id, at };
}

/** As a reaper would: charged where it ran alone. */
export function died({ task, together, at }: Lost): TaskEvent {
  return {
    type: "finish",
    id: task.id,
    at,
    attempt: task.attempt,
    startedAt: task.startedAt ?? at,
    chance: 0,
    outcome: { type: "died", error: { code: "lost", message: "gone" }, isCharged: together === 1 },
  };
}
