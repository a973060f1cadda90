/** What each op may and must say besides its name. */
import { parseDuration } from "../task/duration.ts";
import { MAX_NODE_TAG } from "../task/id.ts";
import { isState, STATES } from "../task/state.ts";
import {
  HISTORY_WINDOWS,
  LIST_FIELDS,
  QUEUE_OPS,
  TASK_OPS,
  VIEW_OPS,
  WATCH_FIELDS,
  WORKER_OPS,
  type HistoryWindow,
  type ListFilter,
  type Op,
} from "./messages.ts";
import { AUDIT_FIELDS, type AuditFilter } from "./access.ts";
import { bad, checkInstant, checkName, checkTaskId, checkTokenId, isObject, quoted } from "./options.ts";
import { checkWishField } from "./scopes.ts";
import { WISH_FIELDS } from "./token-wish.ts";

type Fields = { readonly needed: readonly string[]; readonly allowed: readonly string[] };

const FIELDS: ReadonlyMap<Op, Fields> = new Map<Op, Fields>([
  ...TASK_OPS.map((op): [Op, Fields] => [op, { needed: ["task"], allowed: ["local"] }]),
  ...QUEUE_OPS.map((op): [Op, Fields] => [op, { needed: ["queue"], allowed: ["local"] }]),
  ...WORKER_OPS.map((op): [Op, Fields] => [op, { needed: ["worker"], allowed: ["local"] }]),
  ...VIEW_OPS.map((op): [Op, Fields] => [op, { needed: [], allowed: ["local"] }]),
  ["list", { needed: [], allowed: [...LIST_FIELDS, "local"] }],
  ["watch", { needed: [], allowed: [...WATCH_FIELDS, "local"] }],
  ["unwatch", { needed: ["watch"], allowed: [] }],
  ["history", { needed: ["window"], allowed: ["local"] }],
  ["create_token", { needed: [], allowed: WISH_FIELDS }],
  ["revoke_token", { needed: ["token"], allowed: [] }],
  ["tokens", { needed: [], allowed: [] }],
  ["keep_tokens", { needed: ["tokens"], allowed: ["local"] }],
  ["audit", { needed: [], allowed: [...AUDIT_FIELDS, "local"] }],
  ["auth", { needed: ["token"], allowed: [] }],
  ["node", { needed: ["from", "to", "nonce"], allowed: ["proof"] }],
]);

/** @throws bad_request */
export function checkOpFields(op: Op, request: Record<string, unknown>): void {
  const { needed, allowed } = FIELDS.get(op)!;
  for (const field of needed) {
    if (request[field] === undefined) throw bad(`the op ${op} needs the field ${field}`);
  }
  for (const field in request) {
    if (field === "id" || field === "op") continue;
    if (op === "create_token" && allowed.includes(field)) {
      checkWishField(field, request[field]);
      continue;
    }
    if (!needed.includes(field) && !allowed.includes(field)) {
      throw bad(
        `unknown field ${quoted(field)}`,
        `The op ${op} has: ${["id", "op", ...needed, ...allowed].join(", ")}`,
      );
    }
    checkField(field, request[field]);
  }
}

/** Filters of a list, from a request or a query. @throws bad_request */
export function checkListFilter(filter: Record<string, unknown>): ListFilter {
  for (const field in filter) {
    if (!(LIST_FIELDS as readonly string[]).includes(field)) {
      throw bad(`unknown filter ${quoted(field)}`, `Filters are: ${LIST_FIELDS.join(", ")}`);
    }
    checkField(field, filter[field]);
  }
  return filter;
}

const MAX_TEXT_LENGTH = 1000;

function checkField(field: string, value: unknown): void {
  switch (field) {
    case "task":
      return checkTaskId(value, field);
    case "owner":
      return checkTokenId(value, field);
    case "tokens":
      return checkRecords(value);
    case "queue":
      return checkName(value, field);
    case "state":
      if (!isState(value)) throw bad(`state must be one of ${STATES.join(", ")}, not ${quoted(value)}`);
      return;
    case "limit":
      if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > 1000) {
        throw bad(`limit must be a whole number from 1 to 1000, not ${quoted(value)}`);
      }
      return;
    case "since":
      // "1h" is a duration back from now; anything else must be an instant.
      if (typeof value === "string" && /^\d+(?:\.\d+)?\s*[a-z]+$/.test(value)) parseDuration(value, field);
      else checkInstant(value, field);
      return;
    case "local":
      if (typeof value !== "boolean") throw bad(`local must be true or false, not ${quoted(value)}`);
      return;
    case "watch":
      return;
    case "from":
    case "to":
      if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > MAX_NODE_TAG)
        throw bad(`${field} must be a node's number, 0 to ${MAX_NODE_TAG}, not ${quoted(value)}`);
      return;
    case "window":
      if (!isHistoryWindow(value))
        throw bad(`window must be one of ${HISTORY_WINDOWS.join(", ")}, not ${quoted(value)}`);
      return;
    default:
      if (typeof value !== "string" || value.length === 0 || value.length > MAX_TEXT_LENGTH) {
        throw bad(`${field} must be a text of 1 to ${MAX_TEXT_LENGTH} characters, not ${quoted(value)}`);
      }
  }
}

/** From a node of a newer or older Tanda, perhaps: what is not understood is refused whole. */
function checkRecords(value: unknown): void {
  const isRecord = (one: unknown): boolean => {
    if (!isObject(one)) return false;
    const { id, digest, scope, createdAt } = one;
    return (
      [id, digest].every((it) => typeof it === "string") && typeof createdAt === "number" && isScope(scope)
    );
  };
  if (!Array.isArray(value) || !value.every(isRecord)) throw bad("tokens is not a list of tokens");
}

function isScope(scope: unknown): boolean {
  return scope === null || (isObject(scope) && typeof scope["own"] === "boolean");
}

/** Filters of the audit log, from a request or a query. @throws bad_request */
export function checkAuditFilter(filter: Record<string, unknown>): AuditFilter {
  for (const field in filter) {
    if (!(AUDIT_FIELDS as readonly string[]).includes(field))
      throw bad(`unknown filter ${quoted(field)}`, `Filters are: ${AUDIT_FIELDS.join(", ")}`);
    checkField(field, filter[field]);
  }
  return filter;
}

/** @throws bad_request */
export function checkHistoryWindow(value: unknown): HistoryWindow {
  checkField("window", value);
  return value as HistoryWindow;
}

function isHistoryWindow(value: unknown): value is HistoryWindow {
  return (HISTORY_WINDOWS as readonly unknown[]).includes(value);
}
