/** What a token may be allowed, word by word; and what it is given, as text. Runs in a browser too. */
import { formatDuration, parseDuration } from "../task/duration.ts";
import type { Scope } from "../task/access.ts";
import type { Op } from "./messages.ts";
import { bad, isObject, quoted } from "./options.ts";
import { WISH_FIELDS, type TokenWish } from "./token-wish.ts";

/**
 * Every op is one of these: `open` to whoever may come in, `word`: allowed by its name in a scope, or `full`: only for a token that may
 * do all, since it could give itself more.
 */
export const OP_RIGHTS: Readonly<Record<Op, "open" | "word" | "full">> = {
  ping: "open",
  auth: "open",
  node: "open",
  unwatch: "open",
  get: "word",
  wait: "word",
  cancel: "word",
  retry: "word",
  delete: "word",
  explain: "word",
  list: "word",
  watch: "word",
  pause: "word",
  resume: "word",
  drain: "word",
  purge: "word",
  drain_worker: "word",
  resume_worker: "word",
  actions: "word",
  queues: "word",
  workers: "word",
  nodes: "word",
  stats: "word",
  history: "word",
  create_token: "full",
  revoke_token: "full",
  tokens: "full",
  keep_tokens: "full",
  audit: "full",
};

/** What has no op of its own. */
const MORE_WORDS = ["submit", "put_blob", "get_blob", "metrics"] as const;
export type ScopeWord = Op | (typeof MORE_WORDS)[number];

/** Those that `ops` of a scope may name. */
export const SCOPE_WORDS: readonly string[] = [
  ...MORE_WORDS,
  ...Object.entries(OP_RIGHTS).flatMap(([op, right]) => (right === "word" ? [op] : [])),
];

/** Enough to send tasks from a browser and see what becomes of them; nothing of anybody else's. */
export const USUAL_WORDS: readonly string[] = [
  "submit",
  "get",
  "wait",
  "watch",
  "list",
  "cancel",
  "explain",
  "actions",
  "get_blob",
];

const MAX_NAMES = 100;
const MAX_NAME_LENGTH = 200;
const LONGEST_MS = 10 * 365 * 86_400_000;

/** @throws bad_request that names the field. */
export function checkWish(value: unknown): TokenWish {
  if (!isObject(value))
    throw bad("a token is asked for with an object", 'For instance {"actions":["upper"]}');
  for (const field of Object.keys(value)) {
    if (!(WISH_FIELDS as readonly string[]).includes(field))
      throw bad(`unknown field ${quoted(field)}`, `There are: ${WISH_FIELDS.join(", ")}`);
    checkWishField(field, value[field]);
  }
  const wish = value as TokenWish;
  if (wish.all === true) {
    const more = ["actions", "queues", "ops", "maxBytes", "rate", "own"] as const;
    const odd = more.find((field) => wish[field] !== undefined);
    if (odd !== undefined) throw bad(`a token that may do all has no ${odd}`, "Leave out one of them.");
  }
  return wish;
}

export function checkWishField(field: string, value: unknown): void {
  switch (field) {
    case "name":
      return checkText(value, field);
    case "all":
    case "own":
      if (typeof value !== "boolean") throw bad(`${field} must be true or false, not ${quoted(value)}`);
      return;
    case "actions":
    case "queues":
    case "ops":
      return checkNames(value, field);
    case "maxBytes":
      if (!Number.isSafeInteger(value) || (value as number) < 1)
        throw bad(`maxBytes must be a whole number of bytes, not ${quoted(value)}`);
      return;
    case "rate":
      return void parseRate(value);
    case "expires": {
      const ms = parseDuration(value, field);
      if (ms === 0 || ms > LONGEST_MS) throw bad("expires must be more than nothing, and ten years at most");
    }
  }
}

/** Null when it may do all. */
export function scopeOf({ all, actions, queues, ops, maxBytes, rate, own = true }: TokenWish): Scope | null {
  if (all === true) return null;
  return {
    own,
    ops: ops ?? USUAL_WORDS,
    ...(actions === undefined ? {} : { actions }),
    ...(queues === undefined ? {} : { queues }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(rate === undefined ? {} : { rate: parseRate(rate) }),
  };
}

/** Whether a list of names allows this one. */
export function allows(names: readonly string[] | undefined, name: string): boolean {
  if (names === undefined) return true;
  return names.some((one) => (one.endsWith("*") ? name.startsWith(one.slice(0, -1)) : one === name));
}

/** @throws bad_request */
export function parseRate(value: unknown): { count: number; perMs: number } {
  const match = typeof value === "string" ? /^(\d{1,9})\/(\d*)(ms|s|m|h|d)$/.exec(value.trim()) : null;
  const count = Number(match?.[1]);
  const perMs = match === null ? 0 : parseDuration(`${match[2] === "" ? 1 : match[2]}${match[3]}`, "rate");
  if (!(count >= 1) || perMs < 1 || perMs > 86_400_000)
    throw bad(`rate is not a number of tasks per time: ${quoted(value)}`, "Write 10/s, 100/m or 5/10s.");
  return { count, perMs };
}

export function formatRate({ count, perMs }: { count: number; perMs: number }): string {
  return `${count}/${formatDuration(perMs).replace(/^1(?=[a-z])/, "")}`;
}

function checkText(value: unknown, field: string): void {
  if (typeof value !== "string" || value.length === 0 || value.length > MAX_NAME_LENGTH)
    throw bad(`${field} must be a text of 1 to ${MAX_NAME_LENGTH} characters, not ${quoted(value)}`);
}

function checkNames(value: unknown, field: string): void {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_NAMES)
    throw bad(`${field} must be a list of 1 to ${MAX_NAMES} names, not ${quoted(value)}`);
  for (const name of value as unknown[]) {
    checkText(name, field);
    if (field !== "ops" || SCOPE_WORDS.includes(name as string)) continue;
    const isFull = Object.hasOwn(OP_RIGHTS, name as string) && OP_RIGHTS[name as Op] === "full";
    throw bad(
      isFull ? `${quoted(name)} is only for a token that may do all` : `there is no ${quoted(name)} to allow`,
      `Ops are: ${SCOPE_WORDS.join(", ")}`,
    );
  }
}
