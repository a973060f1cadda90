import { parseDuration, type Duration } from "./duration.ts";
import { TandaError } from "./errors.ts";
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

/** As a user writes it; a plain duration is a fixed one. */
export type BackoffOption =
  | Duration
  | { type?: "fixed" | "exponential"; delay?: Duration; maxDelay?: Duration; jitter?: number };

/** @param what names it in errors. What is left out comes from `base`. @throws bad_request */
export function parseBackoff(value: BackoffOption, base: Backoff, what: string): Backoff {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const delayMs = parseDuration(value, what);
    return Object.freeze({ type: "fixed", delayMs, maxDelayMs: delayMs, jitter: base.jitter });
  }
  const { type = base.type, jitter = base.jitter, delay, maxDelay } = value;
  if (type !== "fixed" && type !== "exponential") {
    throw new TandaError("bad_request", `${what}.type is "fixed" or "exponential".`);
  }
  if (typeof jitter !== "number" || !(jitter >= 0 && jitter <= 1)) {
    throw new TandaError("bad_request", `${what}.jitter is a number from 0 to 1.`);
  }
  const delayMs = delay === undefined ? base.delayMs : parseDuration(delay, `${what}.delay`);
  const maxDelayMs = maxDelay === undefined ? base.maxDelayMs : parseDuration(maxDelay, `${what}.maxDelay`);
  return Object.freeze({ type, jitter, delayMs, maxDelayMs: Math.max(delayMs, maxDelayMs) });
}
