/** What a run's ending means for its task. */
import type { Outcome } from "../task/decide.ts";
import type { Hand } from "./hands.ts";
import type { Ending } from "./pool.ts";

/** The node stopped, or its thread or process had to be ended for another's sake. Read in the task's history. */
export const INTERRUPTED = {
  code: "lost",
  message: "It was interrupted before its end, for no fault of its own, and waits again.",
} as const;

export function toOutcome(ending: Ending, hand: Hand): Outcome {
  switch (ending.type) {
    case "done":
      return { type: "done", result: ending.result, resultBlob: ending.resultBlob };
    case "failed":
      return { type: "failed", error: ending.error, isFinal: ending.error.code === "invalid_input" };
    case "died":
      return { type: "died", error: ending.error, isCharged: hand.isAlone && ending.wasAlone };
    default:
      return { type: "died", error: INTERRUPTED, isCharged: false };
  }
}
