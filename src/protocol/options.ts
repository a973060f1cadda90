/** Checks what a client says about a task: every option known and of its type, before anything is done with it. */
import { parseDuration } from "../task/duration.ts";
import { TandaError } from "../task/errors.ts";
import { isTaskId } from "../task/id.ts";
import { PRIORITIES } from "../task/task.ts";
import { OPTION_NAMES, type SubmitOptions } from "./messages.ts";

const NAME_FORM = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$/;
const MAX_KEY_LENGTH = 200;
const MAX_ATTEMPTS = 1000;
/** RFC 3339, to the second or finer, with its zone. */
const INSTANT_FORM = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i;

type Check = (value: unknown, name: string) => void;

const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ["wait", checkBoolean],
  ["again", checkBoolean],
  ["task", checkTaskId],
  ["key", checkKey],
  ["queue", checkName],
  ["priority", checkPriority],
  ["delay", checkDuration],
  ["runAt", checkInstant],
  ["attempts", checkCount],
  ["losses", checkCount],
  ["backoff", checkBackoff],
  ["timeout", checkPositiveDuration],
  ["expires", checkPositiveDuration],
  ["retention", checkDuration],
  ["local", checkBoolean],
  ["owner", checkTokenId],
]);

/** @throws bad_request that names the option. */
export function checkOptions(value: unknown): SubmitOptions {
  if (!isObject(value)) throw bad("options must be an object");
  for (const name of Object.keys(value)) {
    const check = CHECKS.get(name);
    if (!check) {
      throw bad(`unknown option ${quoted(name)}`, `Options are: ${[...OPTION_NAMES].join(", ")}`);
    }
    check(value[name], name);
  }
  const options = value as SubmitOptions;
  if (options.delay !== undefined && options.runAt !== undefined) {
    throw bad("delay and runAt say the same in two ways", "Give one of them.");
  }
  return options;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function bad(message: string, hint?: string): TandaError {
  return new TandaError("bad_request", message, hint === undefined ? {} : { hint });
}

/** As JSON, cut: what a client sent must not fill logs and replies. */
export function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** Queues. @throws bad_request */
export function checkName(value: unknown, name: string): asserts value is string {
  if (typeof value !== "string" || !NAME_FORM.test(value)) {
    throw bad(
      `${name} is not a name: ${quoted(value)}`,
      "A name has 1 to 100 letters, digits, . _ - : / and begins with a letter or digit.",
    );
  }
}

/** @throws bad_request */
export function checkTaskId(value: unknown, name: string): asserts value is string {
  if (!isTaskId(value))
    throw bad(`${name} is not a task's id: ${quoted(value)}`, "An id is a lower-case UUIDv7.");
}

/** @throws bad_request */
export function checkTokenId(value: unknown, name: string): void {
  if (typeof value !== "string" || !/^[0-9a-f]{12}$/.test(value))
    throw bad(`${name} is not a token's id: ${quoted(value)}`, "`tanda token list` shows ids.");
}

/** Epoch ms or RFC 3339. @throws bad_request */
export function checkInstant(value: unknown, name: string): void {
  const isInstant =
    typeof value === "number"
      ? Number.isSafeInteger(value) && value >= 0
      : typeof value === "string" && INSTANT_FORM.test(value) && !Number.isNaN(Date.parse(value));
  if (!isInstant) {
    throw bad(
      `${name} is not an instant: ${quoted(value)}`,
      'Write epoch milliseconds or RFC 3339, "2026-01-31T09:30:00Z".',
    );
  }
}

function checkBoolean(value: unknown, name: string): void {
  if (typeof value !== "boolean") throw bad(`${name} must be true or false, not ${quoted(value)}`);
}

/** The user's own idempotency key. @throws bad_request */
export function checkKey(value: unknown, name: string): asserts value is string {
  if (typeof value !== "string" || value.length === 0 || value.length > MAX_KEY_LENGTH) {
    throw bad(`${name} must be a text of 1 to ${MAX_KEY_LENGTH} characters, not ${quoted(value)}`);
  }
  // A store keeps UTF-8, which has no half characters: all of them would be one there, and two keys one task.
  if (!value.isWellFormed()) throw bad(`${name} has half a character: ${quoted(value)}`);
}

function checkPriority(value: unknown, name: string): void {
  if (!(PRIORITIES as readonly unknown[]).includes(value)) {
    throw bad(`${name} must be one of ${PRIORITIES.join(", ")}, not ${quoted(value)}`);
  }
}

function checkDuration(value: unknown, name: string): void {
  parseDuration(value, name);
}

function checkPositiveDuration(value: unknown, name: string): void {
  if (parseDuration(value, name) === 0) throw bad(`${name} must be more than nothing`);
}

function checkCount(value: unknown, name: string): void {
  if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > MAX_ATTEMPTS) {
    throw bad(`${name} must be a whole number from 1 to ${MAX_ATTEMPTS}, not ${quoted(value)}`);
  }
}

function checkBackoff(value: unknown, name: string): void {
  if (!isObject(value)) {
    parseDuration(value, name);
    return;
  }
  for (const [part, given] of Object.entries(value)) {
    const what = `${name}.${part}`;
    if (part === "type") {
      if (given !== "fixed" && given !== "exponential") {
        throw bad(`${what} must be fixed or exponential, not ${quoted(given)}`);
      }
    } else if (part === "delay" || part === "maxDelay") parseDuration(given, what);
    else if (part === "jitter") {
      if (typeof given !== "number" || !(given >= 0 && given <= 1)) {
        throw bad(`${what} must be a number from 0 to 1, not ${quoted(given)}`);
      }
    } else throw bad(`unknown option ${quoted(what)}`, "It has: type, delay, maxDelay, jitter");
  }
}
