/** A task's id as 16 bytes: less than half of its text, and compared in the same order. */
import { TandaError } from "../task/errors.ts";

export const ID_BYTES = 16;
const NOT_HEX = 255;
const DASH = 45;
const NIBBLES = new Uint8Array(128).fill(NOT_HEX);
for (let n = 0; n < 16; n++) NIBBLES[n.toString(16).charCodeAt(0)] = n;

/** @returns false when it is not a UUID in lower case; `into` is spoilt then. */
export function readId(id: string, into: Uint8Array): boolean {
  if (id.length !== 36) return false;
  let at = 0;
  for (let i = 0; i < 36; i += 2) {
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      if (id.charCodeAt(i) !== DASH) return false;
      i++;
    }
    const high = NIBBLES[id.charCodeAt(i)] ?? NOT_HEX;
    const low = NIBBLES[id.charCodeAt(i + 1)] ?? NOT_HEX;
    if ((high | low) > 15) return false;
    into[at++] = (high << 4) | low;
  }
  return true;
}

/** @throws bad_request when it is not a UUID. */
export function writeId(id: string, into: Uint8Array): Uint8Array {
  if (!readId(id, into)) throw new TandaError("bad_request", `Not a task id: ${id.slice(0, 60)}`);
  return into;
}

/** Null when it is not a UUID. */
export function toIdBytes(id: string): Uint8Array | null {
  const bytes = new Uint8Array(ID_BYTES);
  return readId(id, bytes) ? bytes : null;
}

export function toIdText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The first and last id that begin with this text (dashes where an id has them); null when none can. */
export function idRange(prefix: string): { first: Uint8Array; last: Uint8Array } | null {
  const lowest = "00000000-0000-0000-0000-000000000000";
  const first = toIdBytes(prefix + lowest.slice(prefix.length));
  const last = toIdBytes(prefix + lowest.replaceAll("0", "f").slice(prefix.length));
  return first && last ? { first, last } : null;
}

/** The lowest id of a moment. */
export function lowestIdAt(epochMs: number): Uint8Array {
  const bytes = Buffer.alloc(ID_BYTES);
  bytes.writeUIntBE(Math.min(Math.max(0, Math.floor(epochMs)), 2 ** 48 - 1), 0, 6);
  return bytes;
}
