import type { Backoff } from "./task.ts";

/**
 * How long to wait before the next attempt.
 * @param failures attempts that failed so far, ≥ 1. @param chance 0 ≤ x < 1.
 * @returns whole milliseconds, never over `maxDelayMs` × (1 + jitter).
 */
export function backoffDelayMs(backoff: Backoff, failures: number, chance: number): number {
  const factor = backoff.type === "fixed" ? 1 : 2 ** Math.min(failures - 1, 40);
  const delayMs = Math.min(backoff.delayMs * factor, backoff.maxDelayMs);
  return Math.round(delayMs * (1 - backoff.jitter + 2 * backoff.jitter * chance));
}
