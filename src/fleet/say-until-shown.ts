/** A hint may be lost, and is no promise: it is said again until those it is for show that they obeyed. */
const WITHIN_MS = 6000;
const SAY_EVERY_MS = 500;
const LOOK_EVERY_MS = 50;

/** Longer than one that died is shown as alive: nobody waits for it in vain. Seconds. */
export const WITHIN_S = WITHIN_MS / 1000;

/**
 * Says it at least once.
 * @param isShown may throw what ends it.
 * @returns what was seen, or null when it was not shown in time.
 */
export async function sayUntilShown<T>(
  say: () => void,
  look: () => Promise<T>,
  isShown: (seen: T) => boolean,
): Promise<T | null> {
  const until = performance.now() + WITHIN_MS;
  let sayAt = -Infinity;
  for (;;) {
    const seen = await look();
    const isAsWanted = isShown(seen);
    const now = performance.now();
    const isSaid = sayAt > -Infinity;
    if (isSaid && isAsWanted) return seen;
    if (now >= until) return null;
    if (now >= sayAt) {
      say();
      sayAt = now + SAY_EVERY_MS;
    }
    if (isSaid) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
