import { TandaError } from "../task/errors.ts";
import { hintFor } from "./hints.ts";

const RETRY_AFTER_MS = 1000;
/** Only what another transaction did stands in the way: the same again will do. */
const PASSING: ReadonlySet<string> = new Set(["40001", "40P01"]);
/** Another session made the same row in this very moment; the next look will see it. */
const RACED = "raced";
const NO_PARTITION = "23514";

/** Of 08 connection, 53 resources, 57 intervention (shutdown, timeout), 58 system; 55P03 = a lock was waited for too long, 25006 = read only. */
const AWAY = /^(08|53|57|58|55P03|25006)/;

/** Thrown within a transaction, to have it run again. */
export class Raced extends Error {
  readonly code = RACED;
}

export function isPassing(thrown: unknown): boolean {
  const code = codeOf(thrown);
  return code !== null && (code === RACED || PASSING.has(code));
}

export function isPartitionMissing(thrown: unknown): boolean {
  return codeOf(thrown) === NO_PARTITION;
}

/** True when the server itself said what is wrong, so that the connection can still be used. */
export function isSaidByServer(thrown: unknown): boolean {
  const code = codeOf(thrown);
  if (code === RACED) return true;
  return code !== null && code.length === 5 && !/^(08|57P)/.test(code) && "severity" in (thrown as object);
}

/** True when it takes nothing from anybody for now: no disk or memory left, or read only. */
export function takesNothing(thrown: unknown): boolean {
  return /^(53|25006)/.test(codeOf(thrown) ?? "");
}

/** What PostgreSQL or the way to it threw, as a refusal of Tanda's. Nothing in it is secret. */
export function toStoreError(thrown: unknown): TandaError {
  if (thrown instanceof TandaError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const code = codeOf(thrown);
  if (isSaidByServer(thrown) && code !== null && !AWAY.test(code) && !isPassing(thrown)) {
    if (code === "54000" || code === "54001")
      return new TandaError("too_large", `Too large for a row: ${message}`, { cause: thrown });
    if (code.startsWith("22")) return new TandaError("bad_request", message, { cause: thrown });
    const hint = hintFor(thrown);
    return new TandaError("internal", `The store failed: ${message}`, {
      cause: thrown,
      ...(hint && { hint }),
    });
  }
  if (code === "53100")
    return new TandaError("busy", `The disk of the store is full: ${message}`, {
      retryAfterMs: RETRY_AFTER_MS,
      hint: "Free some space; Tanda goes on by itself.",
      cause: thrown,
    });
  return unavailable(`The store cannot be reached: ${message}`, thrown);
}

export function unavailable(message: string, cause?: unknown, retryAfterMs = RETRY_AFTER_MS): TandaError {
  const hint = hintFor(cause);
  return new TandaError("unavailable", message, { cause, retryAfterMs, ...(hint && { hint }) });
}

function codeOf(thrown: unknown): string | null {
  const code = (thrown as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : null;
}
