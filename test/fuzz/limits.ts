/** Low limits, so that short inputs reach them. */
import { withLimits, type Limits } from "../../src/gateway/limits.ts";

const KIB = 1024;

export const LOW = {
  lineBytes: 8 * KIB,
  discardBytes: 64 * KIB,
  depth: 16,
  keys: 200,
  connectionTasks: 50,
  connectionBytes: 64 * KIB,
  stalledOps: 10,
  unreadBytes: 64 * KIB,
  unreadMs: 2000,
  idleMs: 15_000,
  lineMs: 1500,
  bodyMs: 1500,
  waitMs: 5000,
  watches: 4,
  bulkTasks: 20,
  bulkBytes: 32 * KIB,
  blobBytes: 64 * KIB,
} as const satisfies Partial<Limits>;

export const LOW_LIMITS: Limits = withLimits(LOW);
