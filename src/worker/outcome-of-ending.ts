/** What a run's ending means for its task. */
import type { Outcome } from "../task/decide.ts";
import { INTERRUPTED } from "../task/suspect.ts";
import type { Hand } from "./hands.ts";
import type { Ending } from "./pool.ts";

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
