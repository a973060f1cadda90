import { TandaError } from "../task/errors.ts";
import { SpoiltRow } from "./spoilt-row.ts";

const FULL = 13;
const TOO_BIG = 18;
/** Busy, locked, out of memory, read-only, i/o error, cannot open: nothing of ours is wrong, and it may pass. */
const PASSING: ReadonlySet<number> = new Set([5, 6, 7, 8, 10, 14]);
const RETRY_AFTER_MS = 1000;

/** What SQLite threw, as a refusal of Tanda's. */
export function toStoreError(thrown: unknown): TandaError {
  if (thrown instanceof TandaError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (isUnreadable(thrown)) return new SpoiltRow("(unknown)", "number");
  const more = { retryAfterMs: RETRY_AFTER_MS, cause: thrown };
  switch (primaryCode(thrown)) {
    case FULL:
      return new TandaError("busy", `The disk of the store is full: ${message}.`, {
        ...more,
        hint: "Free some space; Tanda goes on by itself.",
      });
    case TOO_BIG:
      return new TandaError("too_large", `Too large for a row: ${message}.`, { cause: thrown });
    case null:
      return new TandaError("internal", message, { cause: thrown });
    default:
      return PASSING.has(primaryCode(thrown)!)
        ? new TandaError("unavailable", `The store cannot be written or read: ${message}.`, more)
        : new TandaError("internal", `The store failed: ${message}.`, { cause: thrown });
  }
}

/** A number in a row is larger than JavaScript's are: nothing of the statement's answer can be read. */
export function isUnreadable(thrown: unknown): boolean {
  return (thrown as { code?: unknown } | null)?.code === "ERR_OUT_OF_RANGE";
}

/** True where a statement was refused by a unique index, and only that statement was undone. */
export function isTaken(thrown: unknown): boolean {
  return primaryCode(thrown) === 19;
}

export function isFull(thrown: unknown): boolean {
  return primaryCode(thrown) === FULL;
}

function primaryCode(thrown: unknown): number | null {
  const code = (thrown as { errcode?: unknown } | null)?.errcode;
  return typeof code === "number" ? code & 0xff : null;
}
