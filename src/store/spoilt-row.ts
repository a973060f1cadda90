/**
 * Rows that cannot be read as a task: a disk that failed, a hand that slipped. One rule for all drivers:
 *
 * - A read of many tasks passes such a row over and sets it aside: its state gets {@link ASIDE} added, so that every condition on
 *   states passes it over from then on, and nothing of it is lost. Its neighbours run on.
 * - `get` of it is refused with `conflict`, and says what of it is damaged. So is a `get` of several with it among them.
 * - An event for it is answered `conflict`, without a row, and changes nothing.
 */
import { TandaError } from "../task/errors.ts";
import { STATES } from "../task/state.ts";

export const ASIDE = 1000;

export class SpoiltRow extends TandaError {
  constructor(id: unknown, what: string) {
    super("conflict", `The row of the task ${String(id)} cannot be read: its ${what} is damaged.`, {
      hint: "It is set aside, and nothing runs it. Mend its row or delete it: docs/operations.md tells how.",
    });
  }
}

/** Told once for each row, when it is set aside. */
export type OnSpoilt = (task: string, why: string) => void;

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isTextOrNull: Check = (value) => value === null || typeof value === "string";
/** A line break would end the line that tells it. */
const isJsonLike: Check = (value) => value === null || (typeof value === "string" && !value.includes("\n"));
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isInstantOrNull: Check = (value) => value === null || Number.isSafeInteger(value);
const json =
  (isRight: Check): Check =>
  (value) => {
    if (value === null) return true;
    if (typeof value !== "string") return false;
    try {
      return isRight(JSON.parse(value));
    } catch {
      return false;
    }
  };
const isObject: Check = (value) => typeof value === "object" && value !== null;
const isListOfObjects: Check = (value) => Array.isArray(value) && value.every(isObject);
const has =
  (types: Readonly<Record<string, string>>): Check =>
  (value) =>
    isObject(value) &&
    Object.entries(types).every(([name, type]) => typeof (value as Record<string, unknown>)[name] === type);

const ID_FORM = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** In the order of a row's columns. Of a policy, which many rows share, whoever reads it looks further. */
const CHECKS: readonly (readonly [what: string, isRight: Check])[] = [
  ["id", (value) => typeof value === "string" && ID_FORM.test(value)],
  ["action", isText],
  ["queue", isText],
  ["priority", (value) => value === 0 || value === 1 || value === 2 || value === 3],
  ["payload", (value) => value !== null && isJsonLike(value)],
  ["payload_blob", isTextOrNull],
  ["key", isTextOrNull],
  ["policy", isTextOrNull],
  ["due_at", isInstantOrNull],
  ["expires_at", isInstantOrNull],
  ["created_at", Number.isSafeInteger],
  ["state", (value) => STATES[value as number] !== undefined],
  ["attempt", isCount],
  ["failures", isCount],
  ["losses", isCount],
  ["result", isJsonLike],
  ["result_blob", json(has({ id: "string", bytes: "number" }))],
  ["error", json(has({ code: "string", message: "string" }))],
  ["started_at", isInstantOrNull],
  ["finished_at", isInstantOrNull],
  ["history", json(isListOfObjects)],
  ["log", json(isListOfObjects)],
  ["progress", isJsonLike],
];

/** @returns what of the row is wrong, or null. A state of a newer version is none of its faults. */
export function faultOf(row: readonly unknown[]): string | null {
  for (let i = 0; i < CHECKS.length; i++) {
    const [what, isRight] = CHECKS[i]!;
    if (!isRight(row[i])) return what;
  }
  return null;
}
