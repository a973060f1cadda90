/** A hint may be lost, and is no promise: it is said again until those it is for show that they obeyed. */
import { TTL_MS } from "./presence.ts";

/** Nobody waits in vain for one that died. */
const WITHIN_MS = TTL_MS + 1000;
const SAY_EVERY_MS = 500;
const LOOK_EVERY_MS = 50;

export const WITHIN_S = WITHIN_MS / 1000;

/**
 * Says it at least once. What `look` throws ends it.
 * @returns what was seen last, and whether that shows it after it was said.
 */
export async function sayUntilShown<T>(
  say: () => void,
  look: () => Promise<T>,
  shows: (seen: T) => boolean,
): Promise<{ seen: T; isShown: boolean }> {
  const until = performance.now() + WITHIN_MS;
  let sayAt = -Infinity;
  for (;;) {
    const seen = await look();
    const isSaid = sayAt > -Infinity;
    const isShown = isSaid && shows(seen);
    const now = performance.now();
    if (isShown || now >= until) return { seen, isShown };
    if (now >= sayAt) {
      say();
      sayAt = now + SAY_EVERY_MS;
    }
    if (isSaid) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
