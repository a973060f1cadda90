/**
 * Claims where nobody else can claim. A store may be at a loss: the claim was written and its answer never came. Said again it changes
 * nothing, and who asked would take the task for somebody else's, while it is in nobody's hands. What then runs at the attempt that
 * was asked for is this claim's.
 */
import type { ClaimEvent } from "../store/shared-store.ts";
import type { Applied, Store } from "../store/store.ts";
import { toTandaError } from "../task/errors.ts";

export function claimAlone(
  store: Pick<Store, "apply">,
): (claims: readonly ClaimEvent[]) => Promise<Applied[]> {
  const unanswered = new Set<string>();
  return async (claims) => {
    let applied: Applied[];
    try {
      applied = await store.apply(claims);
    } catch (error) {
      if (toTandaError(error).code === "unavailable") for (const { id } of claims) unanswered.add(id);
      throw error;
    }
    if (unanswered.size === 0) return applied;
    return claims.map(({ id, attempt }, at): Applied => {
      const answer = applied[at]!;
      const isRepeat = unanswered.delete(id);
      const isMade = answer.task?.state === "running" && answer.task.attempt === attempt;
      return isRepeat && isMade ? { ...answer, verdict: "applied" } : answer;
    });
  };
}
