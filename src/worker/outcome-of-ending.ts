/** What a run's ending means for its task. */
import type { Outcome, TaskEvent } from "../task/decide.ts";
import { INTERRUPTED } from "../task/suspect.ts";
import type { Hand } from "./hands.ts";
import type { Ending } from "./pool.ts";

/**
 * Pools tell instants by the clock of their machine; what is kept goes by another where several share a store. What they tell is not
 * put right by how far the two are apart: that may have changed since, and then what failed would be tried again in an hour. How long
 * it took is true, and it ended just now.
 */
export function endedNow(ending: Ending, now: number): Ending {
  return { ...ending, startedAt: now - Math.max(0, ending.endedAt - ending.startedAt), endedAt: now };
}

/** As it is recorded. */
export function toFinish(ending: Ending, hand: Hand, chance: number): TaskEvent {
  const { spec, attempt, isRide, isRepeat } = hand.message;
  return {
    type: "finish",
    id: spec.id,
    at: ending.endedAt,
    attempt,
    outcome: toOutcome(ending, hand),
    startedAt: ending.startedAt,
    chance,
    // What came from a row has one. What rode, once, may have another's: of the same request, and made at another time.
    ...(isRide || isRepeat ? { spec } : { createdAt: spec.createdAt }),
    log: hand.log ?? undefined,
    progress: hand.progress,
  };
}

function toOutcome(ending: Ending, hand: Hand): Outcome {
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
