/**
 * The `id` of a request comes back as it was, so it is kept as text that goes before a reply: `"id":1,` or "".
 */
import { TandaError } from "../task/errors.ts";

/** @returns what a reply begins with, after its brace. @throws bad_request for numbers that JavaScript would change. */
export function idPrefix(id: unknown): string {
  if (typeof id === "number") {
    if (!(id <= Number.MAX_SAFE_INTEGER && id >= -Number.MAX_SAFE_INTEGER)) throw tooBig();
    return `"id":${Object.is(id, -0) ? "-0" : id},`;
  }
  if (id === undefined) return "";
  if (typeof id === "object" && id !== null && hasBigNumber(id)) throw tooBig();
  return `"id":${JSON.stringify(id)},`;
}

function tooBig(): TandaError {
  return new TandaError("bad_request", "the id has a number beyond 2^53", { hint: "Send it as a string." });
}

/** The depth of what comes here is bounded already (json-limits.ts). */
function hasBigNumber(value: unknown): boolean {
  if (typeof value === "number") return !(Math.abs(value) <= Number.MAX_SAFE_INTEGER);
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(hasBigNumber);
}

const LEADING_ID = /^\s*\{\s*"id"\s*:\s*(-?\d{1,15}(?![\d.eE])|"(?:[^"\\]|\\.){0,200}")\s*[,}]/;

/** The id of a line that cannot be read, when the line begins with it as a whole number or a text; else "". */
export function leadingIdPrefix(head: string): string {
  const id = LEADING_ID.exec(head)?.[1];
  if (id === undefined) return "";
  try {
    return idPrefix(JSON.parse(id));
  } catch {
    return "";
  }
}
