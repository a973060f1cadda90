/**
 * One line, read: a task to submit, an op, or a refusal. All that a client can get wrong in the form of a request
 * is found here, so what comes out is safe to act on.
 */
import { TandaError, toTandaError } from "../task/errors.ts";
import { overJsonLimit, type JsonLimits } from "./json-limits.ts";
import { OPS, type Op, type OpRequest, type SubmitOptions } from "./messages.ts";
import { checkOpFields } from "./op-fields.ts";
import { bad, checkOptions, isObject, quoted } from "./options.ts";
import { idPrefix, leadingIdPrefix } from "./request-id.ts";

/** `prefix` is what the reply begins with: see request-id.ts. */
export type Request =
  | ({ readonly type: "submit"; readonly prefix: string } & Submit)
  | { readonly type: "op"; readonly prefix: string; readonly op: OpRequest }
  | { readonly type: "refused"; readonly prefix: string; readonly error: TandaError };

export type Submit = {
  readonly action: string;
  /** JSON text. */
  readonly payload: string;
  readonly options: SubmitOptions | null;
};

/** What one node asks of another, of that one alone. */
export function isLocal(request: Exclude<Request, { type: "refused" }>): boolean {
  return (request.type === "op" ? request.op.local : request.options?.local) === true;
}

const MAX_ACTION_LENGTH = 200;
const OP_NAMES: ReadonlySet<string> = new Set(OPS);

export function parseRequest(text: string, limits: JsonLimits): Request {
  let value: unknown;
  try {
    value = parseJson(text, limits, "line");
  } catch (error) {
    return { type: "refused", prefix: leadingIdPrefix(text.slice(0, 300)), error: toTandaError(error) };
  }
  let prefix = "";
  try {
    if (!isObject(value)) throw bad("a request is a JSON object", EXAMPLE);
    prefix = idPrefix(value["id"]);
    if (value["op"] === undefined) {
      const { action, payload, options } = parseSubmit(value, true);
      return { type: "submit", prefix, action, payload, options };
    }
    return { type: "op", prefix, op: parseOp(value) };
  } catch (error) {
    return { type: "refused", prefix, error: toTandaError(error) };
  }
}

/** @param what "line" or "body". @throws too_large, bad_json */
export function parseJson(text: string, limits: JsonLimits, what: string): unknown {
  const over = overJsonLimit(text, limits);
  if (over) {
    throw new TandaError(
      "too_large",
      over === "depth"
        ? `the ${what} is nested deeper than ${limits.depth}`
        : `the ${what} has more than ${limits.keys} keys`,
    );
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new TandaError("bad_json", `the ${what} is not valid JSON`);
  }
}

const EXAMPLE = 'For instance {"id":1,"action":"upper","payload":"hola"}';

/** The fields of a task. @throws bad_request */
export function parseSubmit(value: unknown, hasId: boolean): Submit {
  if (!isObject(value))
    throw bad("a task is a JSON object", 'For instance {"action":"upper","payload":"hola"}');
  for (const field in value) {
    if (field === "action" || field === "payload" || field === "options" || (hasId && field === "id"))
      continue;
    throw bad(
      `unknown field ${quoted(field)}`,
      hasId ? "A task has: id, action, payload, options" : "A task has: action, payload, options",
    );
  }
  const { action, options } = value;
  if (action === undefined) throw bad("a request has an action or an op", EXAMPLE);
  if (typeof action !== "string" || action.length === 0 || action.length > MAX_ACTION_LENGTH) {
    throw bad(`action must be a name of 1 to ${MAX_ACTION_LENGTH} characters, not ${quoted(action)}`);
  }
  return {
    action,
    payload: payloadText(value["payload"]),
    options: options === undefined ? null : checkOptions(options),
  };
}

/** @throws bad_request when a number in it is too large for JavaScript: it would arrive as null. */
export function payloadText(payload: unknown): string {
  if (payload === undefined) return "null";
  const text = JSON.stringify(payload);
  if (text.includes("null") && hasInfinity(payload)) {
    throw bad("the payload has a number too large to keep", "Send it as a string.");
  }
  return text;
}

function hasInfinity(value: unknown): boolean {
  if (typeof value === "number") return !Number.isFinite(value);
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(hasInfinity);
}

function parseOp(value: Record<string, unknown>): OpRequest {
  const { op } = value;
  if (typeof op !== "string" || !OP_NAMES.has(op)) {
    throw bad(`unknown op ${quoted(op)}`, `Ops are: ${OPS.join(", ")}`);
  }
  checkOpFields(op as Op, value);
  return value as OpRequest;
}
