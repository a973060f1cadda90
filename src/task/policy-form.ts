/** Is this a policy, as a parcel or a row brings one? */
import type { Policy } from "./task.ts";

export function isPolicy(value: unknown): value is Policy {
  if (typeof value !== "object" || value === null) return false;
  const { attempts, losses, timeoutMs, backoff, retentionMs } = value as Partial<Policy>;
  return (
    [attempts, losses, timeoutMs].every(isAmount) &&
    (retentionMs === null || isAmount(retentionMs)) &&
    typeof backoff === "object" &&
    backoff !== null &&
    (backoff.type === "fixed" || backoff.type === "exponential") &&
    [backoff.delayMs, backoff.maxDelayMs, backoff.jitter].every(isAmount)
  );
}

function isAmount(value: unknown): boolean {
  return typeof value === "number" && value >= 0 && value < Infinity;
}
