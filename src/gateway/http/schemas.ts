/** The schemas of the OpenAPI document. They describe; what is checked is checked in protocol/. */
import { ERROR_CODES } from "../../task/errors.ts";
import { STATES } from "../../task/state.ts";
import { PRIORITIES } from "../../task/task.ts";

export const text = { type: "string" } as const;
export const count = { type: "integer", minimum: 0 } as const;
export const instant = { type: "integer", description: "Epoch milliseconds." } as const;
const duration = {
  type: ["string", "integer"],
  description: '"250ms", "10s", "5m", "2h", "7d" or milliseconds.',
} as const;
export const anything = { description: "Any JSON value." } as const;
export const state = { type: "string", enum: [...STATES] } as const;
export const priority = { type: "string", enum: [...PRIORITIES] } as const;
export const taskId = { type: "string", format: "uuid", description: "A UUIDv7, in lower case." } as const;

const errorFields = {
  code: { type: "string", enum: Object.keys(ERROR_CODES) },
  hint: { ...text, description: "What to do next." },
  path: { ...text, description: "Where in the payload the input is wrong." },
  retryAfterMs: count,
  details: anything,
} as const;
const error = {
  type: "object",
  required: ["code", "message"],
  properties: { message: text, ...errorFields },
} as const;
export const problem = {
  type: "object",
  description: "RFC 9457; `code` is of the closed table of errors.",
  required: ["type", "title", "status", "detail", "code"],
  properties: { type: text, title: text, status: count, detail: text, ...errorFields, task: taskId },
} as const;

/** For every route: what any refusal looks like. */
export const refusals = {
  "4xx": { description: "Refused.", content: { "application/problem+json": { schema: problem } } },
  "5xx": { description: "Failed.", content: { "application/problem+json": { schema: problem } } },
} as const;

export function answers(description: string, schema: object, status = 200): object {
  return { [status]: { description, content: { "application/json": { schema } } }, ...refusals };
}

export const options = {
  type: "object",
  additionalProperties: false,
  properties: {
    task: taskId,
    again: { type: "boolean" },
    key: { type: "string", minLength: 1, maxLength: 200 },
    queue: text,
    priority,
    delay: duration,
    runAt: { type: ["integer", "string"], description: "Epoch milliseconds or RFC 3339." },
    attempts: { type: "integer", minimum: 1, maximum: 1000 },
    losses: { type: "integer", minimum: 1, maximum: 1000 },
    backoff: {
      description: "A duration, or an object.",
      anyOf: [
        duration,
        {
          type: "object",
          additionalProperties: false,
          properties: {
            type: { type: "string", enum: ["fixed", "exponential"] },
            delay: duration,
            maxDelay: duration,
            jitter: { type: "number", minimum: 0, maximum: 1 },
          },
        },
      ],
    },
    timeout: duration,
    expires: duration,
    retention: duration,
  },
} as const;

export const submit = {
  type: "object",
  required: ["action"],
  additionalProperties: false,
  properties: { action: { type: "string", minLength: 1, maxLength: 200 }, payload: anything, options },
  examples: [{ action: "upper", payload: "hola" }],
} as const;

export const accepted = {
  type: "object",
  required: ["task", "status"],
  properties: { task: taskId, status: { type: "string", enum: ["queued", "scheduled", "done"] } },
} as const;
export const finished = {
  type: "object",
  required: ["task", "status", "result"],
  properties: { task: taskId, status: { const: "done" }, result: anything },
} as const;
export const bulk = {
  type: "object",
  required: ["tasks"],
  additionalProperties: false,
  properties: { tasks: { type: "array", items: submit } },
} as const;
export const bulkAnswer = {
  type: "object",
  required: ["tasks"],
  properties: {
    tasks: {
      type: "array",
      items: {
        anyOf: [accepted, { type: "object", required: ["error"], properties: { task: taskId, error } }],
      },
    },
  },
} as const;

const attemptRecord = {
  type: "object",
  properties: {
    attempt: count,
    startedAt: { type: ["integer", "null"] },
    endedAt: instant,
    code: errorFields.code,
    message: text,
  },
} as const;
const logLine = {
  type: "object",
  properties: {
    at: instant,
    attempt: count,
    level: { type: "string", enum: ["debug", "info", "warn", "error"] },
    text,
  },
} as const;
export const task = {
  type: "object",
  required: [
    "task",
    "action",
    "queue",
    "priority",
    "state",
    "attempt",
    "attempts",
    "losses",
    "createdAt",
    "timeoutMs",
  ],
  properties: {
    task: taskId,
    action: text,
    queue: text,
    priority,
    state,
    attempt: count,
    attempts: count,
    losses: count,
    createdAt: instant,
    timeoutMs: count,
    key: text,
    dueAt: instant,
    expiresAt: instant,
    startedAt: instant,
    finishedAt: instant,
    error,
    payload: anything,
    result: anything,
    progress: anything,
    history: { type: "array", items: attemptRecord },
    log: { type: "array", items: logLine },
  },
} as const;
export const taskPage = {
  type: "object",
  required: ["tasks", "next"],
  properties: { tasks: { type: "array", items: task }, next: { type: ["string", "null"] } },
} as const;
export const deleted = {
  type: "object",
  required: ["task", "deleted"],
  properties: { task: taskId, deleted: { const: true } },
} as const;
export const explanation = {
  type: "object",
  required: ["task", "state", "reason", "text"],
  properties: {
    task: taskId,
    state,
    reason: {
      type: "string",
      enum: [
        "final",
        "running",
        "paused",
        "not_due",
        "not_served",
        "waiting",
        "at_concurrency",
        "suspect",
        "drained",
      ],
    },
    text,
    dueAt: instant,
    position: count,
    isFloor: { type: "boolean" },
    expectedStartAt: instant,
  },
} as const;
export const purged = {
  type: "object",
  required: ["queue", "cancelled"],
  properties: { queue: text, cancelled: count },
} as const;
export const blobLink = {
  type: "object",
  required: ["$blob", "bytes"],
  properties: { $blob: { type: "string", pattern: "^[0-9a-f]{64}$" }, bytes: count },
} as const;
export const uploadLink = {
  type: "object",
  required: ["upload", "url", "headers", "expiresAt"],
  properties: {
    upload: text,
    url: text,
    headers: { type: "object", additionalProperties: text },
    expiresAt: instant,
  },
} as const;
export const health = {
  type: "object",
  required: ["state"],
  properties: {
    state: { type: "string", enum: ["starting", "ready", "not_ready", "draining"] },
    reason: text,
  },
} as const;
export const objects = { type: "array", items: { type: "object" } } as const;
export const object = { type: "object" } as const;

export const waitQuery = {
  wait: {
    type: "number",
    minimum: 0,
    description: "Seconds to wait for the end, as `Prefer: wait` says too.",
  },
} as const;
export const waitHeaders = {
  type: "object",
  properties: { prefer: { type: "string", examples: ["wait=10"] } },
} as const;
export function taskParams(): object {
  return { type: "object", required: ["task"], properties: { task: taskId } };
}
