import { setTimeout as rest } from "node:timers/promises";
import { TandaError } from "../task/errors.ts";

const FIRST_REST_MS = 200;
const LONGEST_REST_MS = 2000;
const PATIENCE_MS = 30_000;

/**
 * Tries again while the keeper of blobs is away: work that a handler has done is not lost for that. Ends with the run, whose
 * deadline goes on.
 * @param signal asked for only when it is needed.
 */
export async function patiently<T>(
  attempt: () => Promise<T>,
  signal: () => AbortSignal,
  patienceMs: number = PATIENCE_MS,
): Promise<T> {
  const end = performance.now() + patienceMs;
  for (let restMs = FIRST_REST_MS; ; restMs = Math.min(restMs * 2, LONGEST_REST_MS)) {
    try {
      return await attempt();
    } catch (error) {
      if (!isAway(error) || signal().aborted || performance.now() + restMs > end) throw error;
    }
    await rest(restMs, undefined, { signal: signal() });
  }
}

/** Away, and expected back: what is closed, or was never there, says no time. */
function isAway(error: unknown): boolean {
  return error instanceof TandaError && error.code === "unavailable" && error.retryAfterMs !== undefined;
}
