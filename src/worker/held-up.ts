/** Threads that are held by a run so long that what waits behind it is better off elsewhere. */
import { STILL_MS } from "./placement.ts";
import { EXCLUSIVE } from "./slots.ts";
import type { ThreadLink } from "./thread-link.ts";

/** A run that takes so many times what was expected holds up what waits behind it. */
const LATE = 2;
/** Behind a run that holds its thread for so long nothing waits, even if no other thread is free. */
const PATIENCE_MS = 250;

export type HeldUp = {
  /** What these have not begun is to be asked back. */
  readonly held: readonly ThreadLink[];
  /** None has moved for long: what came back waits here for nothing. */
  readonly isHopeless: boolean;
};

export function heldUp(links: readonly ThreadLink[], now: number): HeldUp {
  const leastMs = Math.min(...links.map((link) => link.stillMs(now)));
  const isHopeless = leastMs >= PATIENCE_MS;
  // Worth it when another could take them.
  if (leastMs >= STILL_MS && !isHopeless) return { held: [], isHopeless };
  const isAnyIdle = links.some((link) => link.counts[EXCLUSIVE] === 0);
  const held = links.filter((link) => {
    const stillMs = link.stillMs(now);
    return stillMs >= STILL_MS && (isAnyIdle || stillMs >= LATE * (link.head?.estimateMs ?? 0));
  });
  return { held, isHopeless };
}
