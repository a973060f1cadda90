/** Ids as PostgreSQL's uuid: bound and told as text, compared in the order of the text. */
import { TandaError } from "../task/errors.ts";

const FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const LOWEST_ID = "00000000-0000-0000-0000-000000000000";
export const HIGHEST_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff";
const END_OF_TIME = 2 ** 48;

export function isId(id: string): boolean {
  return FORM.test(id);
}

/** @throws bad_request when it is not a UUID. */
export function checkId(id: string): void {
  if (!isId(id)) throw new TandaError("bad_request", `Not a task id: ${id.slice(0, 60)}`);
}

/** The first and last id that begin with this text (dashes where an id has them); null when none can. */
export function idRange(prefix: string): { first: string; last: string } | null {
  const first = prefix + LOWEST_ID.slice(prefix.length);
  const last = prefix + HIGHEST_ID.slice(prefix.length);
  return isId(first) && isId(last) ? { first, last } : null;
}

/** The lowest id of a moment; null past the last moment there is. */
export function lowestIdAt(epochMs: number): string | null {
  if (epochMs >= END_OF_TIME) return null;
  const hex = Math.max(0, Math.floor(epochMs)).toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}${LOWEST_ID.slice(13)}`;
}
