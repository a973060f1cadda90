/** From what was taken to what a pool runs, or to why it does not. */
import type { Message } from "../queue/queue.ts";
import type { TaskEvent } from "../task/decide.ts";
import type { TaskSpec } from "../task/task.ts";
import type { Hand } from "./hands.ts";
import type { Run } from "./pool.ts";

export function isTooLate({ expiresAt }: TaskSpec, at: number): boolean {
  return expiresAt !== null && expiresAt <= at;
}

export function toExpiry({ spec }: Message, at: number): TaskEvent {
  return { type: "expire", id: spec.id, at, spec };
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
