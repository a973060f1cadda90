/** From what was asked to a complete task: options over the action's defaults, checked once, with hints. */
import type { SubmitOptions } from "../protocol/messages.ts";
import { bad, checkKey, checkName, checkTaskId } from "../protocol/options.ts";
import { parseDuration } from "../task/duration.ts";
import { idTime } from "../task/id.ts";
import { parseBackoff } from "../task/retry.ts";
import {
  ownedKey,
  PRIORITIES,
  type ActionInfo,
  type Policy,
  type PriorityLevel,
  type TaskSpec,
} from "../task/task.ts";

const DAY_MS = 86_400_000;
const MAX_ATTEMPTS = 1000;

/** @throws bad_request, saying which option is wrong. */
export function specify(
  action: ActionInfo,
  payload: string,
  options: SubmitOptions | null,
  makeId: () => string,
  now: number,
): TaskSpec {
  if (options === null) {
    return {
      id: makeId(),
      action: action.name,
      queue: action.queue,
      priority: action.priority,
      payload,
      payloadBlob: null,
      owner: null,
      key: null,
      policy: action.policy,
      dueAt: null,
      expiresAt: action.expiresMs === null ? null : now + action.expiresMs,
      createdAt: now,
    };
  }
  const expiresMs =
    options.expires === undefined ? action.expiresMs : parseDuration(options.expires, "options.expires");
  return {
    id: options.task === undefined ? makeId() : checkId(options.task, now),
    action: action.name,
    queue: options.queue === undefined ? action.queue : queueName(options.queue),
    priority: options.priority === undefined ? action.priority : priorityLevel(options.priority),
    payload,
    payloadBlob: null,
    owner: options.owner ?? null,
    key: options.key === undefined ? null : ownedKey(options.owner ?? null, ownKey(options.key)),
    policy: policyWith(action.policy, options),
    dueAt: dueAt(options, now),
    expiresAt: expiresMs === null ? null : now + expiresMs,
    createdAt: now,
  };
}

function checkId(id: string, now: number): string {
  checkTaskId(id, "options.task");
  if (Math.abs(idTime(id) - now) > DAY_MS) {
    throw bad(
      "options.task is a UUIDv7 more than a day from now.",
      "Make a new id for a new task; check this machine's clock.",
    );
  }
  return id;
}

/** Names that the ops could not say again must not come in by another way. */
function queueName(queue: unknown): string {
  checkName(queue, "options.queue");
  return queue;
}

function ownKey(key: unknown): string {
  checkKey(key, "options.key");
  return key;
}

function priorityLevel(name: unknown): PriorityLevel {
  const level = PRIORITIES.indexOf(name as (typeof PRIORITIES)[number]);
  if (level < 0) throw bad(`options.priority is not one of ${PRIORITIES.join(", ")}.`);
  return level as PriorityLevel;
}

function dueAt(options: SubmitOptions, now: number): number | null {
  if (options.delay !== undefined) {
    if (options.runAt !== undefined) throw bad("Give options.delay or options.runAt, not both.");
    const delayMs = parseDuration(options.delay, "options.delay");
    return delayMs > 0 ? now + delayMs : null;
  }
  if (options.runAt === undefined) return null;
  const at = typeof options.runAt === "number" ? options.runAt : Date.parse(options.runAt);
  if (Number.isNaN(new Date(at).getTime()))
    throw bad("options.runAt is not an instant.", 'Write epoch milliseconds or "2027-01-31T12:00:00Z".');
  return at > now ? Math.round(at) : null;
}

/** The very same object when nothing is overridden: most tasks share it. */
function policyWith(base: Policy, options: SubmitOptions): Policy {
  const { attempts, losses, backoff, timeout, retention } = options;
  if (
    attempts === undefined &&
    losses === undefined &&
    backoff === undefined &&
    timeout === undefined &&
    retention === undefined
  ) {
    return base;
  }
  return {
    attempts: attempts === undefined ? base.attempts : count(attempts, "options.attempts"),
    losses: losses === undefined ? base.losses : count(losses, "options.losses"),
    backoff: backoff === undefined ? base.backoff : parseBackoff(backoff, base.backoff, "options.backoff"),
    timeoutMs:
      timeout === undefined
        ? base.timeoutMs
        : positive(parseDuration(timeout, "options.timeout"), "options.timeout"),
    retentionMs: retention === undefined ? base.retentionMs : parseDuration(retention, "options.retention"),
  };
}

function count(value: unknown, what: string): number {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_ATTEMPTS)
    return value as number;
  throw bad(`${what} is a whole number from 1 to ${MAX_ATTEMPTS}.`);
}

function positive(ms: number, what: string): number {
  if (ms > 0) return ms;
  throw bad(`${what} is more than 0.`);
}
