/** The schemas of queues, actions and workers, as the OpenAPI document describes them. */
import { anything, count, instant, priority, taskId, text } from "./schemas.ts";

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
export const worker = {
  type: "object",
  required: ["worker", "node", "pid", "state", "startedAt", "rssBytes", "threads"],
  properties: {
    worker: text,
    node: count,
    pid: count,
    state: { type: "string", enum: ["starting", "running", "draining"] },
    startedAt: instant,
    rssBytes: count,
    threads: {
      type: "array",
      items: {
        type: "object",
        required: ["thread", "state", "tasks"],
        properties: {
          thread: count,
          state: { type: "string", enum: ["starting", "idle", "busy", "stuck"] },
          tasks: {
            type: "array",
            items: {
              type: "object",
              required: ["task", "action", "sinceMs"],
              properties: { task: taskId, action: text, sinceMs: count },
            },
          },
        },
      },
    },
  },
} as const;
