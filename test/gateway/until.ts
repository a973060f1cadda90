import { setTimeout as delay } from "node:timers/promises";

/** Resolves when it holds; the test's own time limit ends the wait. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(5);
}
