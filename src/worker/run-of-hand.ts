/** From what was taken to what a pool runs, or to why it does not. */
import type { Message } from "../queue/queue.ts";
import type { TaskEvent } from "../task/decide.ts";
import { INTERRUPTED } from "../task/suspect.ts";
import type { TaskSpec } from "../task/task.ts";
import type { Hand } from "./hands.ts";
import type { Run } from "./pool.ts";

export function isTooLate({ expiresAt }: TaskSpec, at: number): boolean {
  return expiresAt !== null && expiresAt <= at;
}

export function toExpiry({ spec }: Message, at: number): TaskEvent {
  return { type: "expire", id: spec.id, at, spec };
}

/** It was claimed and has not begun. */
export function toInterruption({ spec, attempt }: Message, at: number): TaskEvent {
  const outcome = { type: "died", error: INTERRUPTED, isCharged: false } as const;
  return { type: "finish", id: spec.id, at, attempt, startedAt: at, chance: 0, outcome };
}

export function toRun(hand: Hand): Run {
  const { spec, attempt } = hand.message;
  return {
    seq: hand.seq,
    task: spec.id,
    action: spec.action,
    attempt,
    timeoutMs: spec.policy.timeoutMs,
    payload: spec.payload,
    payloadBlob: spec.payloadBlob,
  };
}
