/** The schemas of queues and actions, as the OpenAPI document describes them. */
import { anything, count, priority, text } from "./schemas.ts";

const figure = { type: "number", minimum: 0 } as const;
const perSecond = {
  type: "object",
  description: "Over the last 10 s; `failed` is a part of `finished`.",
  required: ["submitted", "finished", "failed"],
  properties: { submitted: figure, finished: figure, failed: figure },
} as const;
const percentiles = {
  type: "object",
  description: "Milliseconds; 0 when nothing was measured.",
  required: ["p50", "p99"],
  properties: { p50: figure, p99: figure },
} as const;
export const action = {
  type: "object",
  required: ["action", "queue", "priority", "attempts", "timeoutMs", "isServed", "perSecond", "last10m"],
  properties: {
    action: text,
    description: text,
    queue: text,
    priority,
    attempts: count,
    timeoutMs: count,
    concurrency: count,
    isServed: { type: "boolean" },
    meanRunMs: figure,
    perSecond,
    last10m: {
      type: "object",
      description: "Tasks that finished in the last 10 min, those that failed among them.",
      required: ["finished", "failed", "startDelayMs", "runMs"],
      properties: { finished: count, failed: count, startDelayMs: percentiles, runMs: percentiles },
    },
    input: anything,
    output: anything,
  },
} as const;
export const queue = {
  type: "object",
  required: ["queue", "mode", "counts", "waiting", "oldestAgeMs", "perSecond"],
  properties: {
    queue: text,
    mode: { type: "string", enum: ["open", "paused", "draining"] },
    counts: { type: "object", additionalProperties: count },
    waiting: count,
    oldestAgeMs: { type: ["number", "null"] },
    perSecond,
  },
} as const;
