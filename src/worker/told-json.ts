/** What a handler tells, its result and its progress, as JSON text. */
import { overJsonLimit } from "../protocol/json-limits.ts";
import { TandaError } from "../task/errors.ts";

/** Deeper texts are written well, but not every reader, here or at the client's, comes back from reading them. */
const LIMITS = { depth: 1000, keys: Infinity };

/** @param what "result" or "progress". @throws task_error */
export function toldJson(value: unknown, what: string): string {
  let json: string;
  try {
    json = JSON.stringify(value) ?? "null";
  } catch (error) {
    throw new TandaError("task_error", `the ${what} cannot be told as JSON: ${(error as Error).message}`, {
      hint: "Return plain data; give large bytes to context.blob() and return what it gives.",
    });
  }
  if (overJsonLimit(json, LIMITS) !== null)
    throw new TandaError("task_error", `the ${what} is nested deeper than ${LIMITS.depth}`);
  return json;
}
