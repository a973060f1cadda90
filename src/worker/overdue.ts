/**
 * The last resort. A supervisor acts within milliseconds of a deadline; when nothing was heard of it for so much longer, it
 * is not well itself, and its process is killed.
 */
import type { Crew } from "./crew.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { timedOut } from "./handler-error.ts";
import { monoMs } from "./mono-clock.ts";
import { EXCLUSIVE } from "./slots.ts";
import type { InHand } from "./thread-link.ts";

const OVERDUE_MS = 1000;

export function killOverdue(crews: Iterable<Crew>, dispatcher: Dispatcher): void {
  const now = monoMs();
  for (const { child } of crews) {
    for (const link of child.links.values()) {
      const { head } = link;
      for (const inHand of link.inHand.values()) {
        const since = begunBy(inHand, head);
        if (since === null || now - since < inHand.run.timeoutMs + OVERDUE_MS) continue;
        child.kill("overdue");
        const startedAt = Math.floor(Date.now() - (now - since));
        const error = timedOut(inHand.run.timeoutMs);
        dispatcher.forced(link, [{ id: inHand.id, startedAt, type: "failed", error }]);
      }
    }
  }
}

/** When it must have begun at the latest; null when it may be waiting behind another. */
function begunBy(inHand: InHand, head: InHand | undefined): number | null {
  if (inHand === head) return Math.max(inHand.link.movedAt, inHand.handedAt);
  return inHand.load.lane === EXCLUSIVE || head !== undefined ? null : inHand.handedAt;
}
