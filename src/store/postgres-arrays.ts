/**
 * Columns of values as arrays in PostgreSQL's binary form: many rows are given as a few parameters that neither side has to parse.
 * (A JSON text of objects costs the server about a third of what an insert costs.)
 */
const HEAD_BYTES = 20;
const LENGTH_BYTES = 4;
const NULL_LENGTH = -1;
const TWO_32 = 2 ** 32;
/** Types by their number, and how many bytes one takes. */
const UUID = { oid: 2950, bytes: 16 };
const BIGINT = { oid: 20, bytes: 8 };
const INTEGER = { oid: 23, bytes: 4 };
const TEXT = { oid: 25 };

/** Rows are taken in the order of their ids by everybody: so none waits for another in a circle. */
export function inOrder<T extends { readonly id: string }>(rows: readonly T[]): T[] {
  return rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** @param ids in the form of a UUID. */
export function uuids(ids: readonly string[]): Buffer {
  const { buffer, end } = arrayOf(UUID.oid, ids.length, ids.length * (LENGTH_BYTES + UUID.bytes));
  let at = end;
  for (const id of ids) {
    at = buffer.writeInt32BE(UUID.bytes, at);
    at += buffer.write(id.replaceAll("-", ""), at, "hex");
  }
  return buffer;
}

export function texts(values: readonly (string | null)[]): Buffer {
  let bytes = 0;
  for (const value of values) bytes += LENGTH_BYTES + (value === null ? 0 : Buffer.byteLength(value));
  const { buffer, end } = arrayOf(TEXT.oid, values.length, bytes);
  let at = end;
  for (const value of values) {
    if (value === null) at = buffer.writeInt32BE(NULL_LENGTH, at);
    else {
      const length = buffer.write(value, at + LENGTH_BYTES, "utf8");
      buffer.writeInt32BE(length, at);
      at += LENGTH_BYTES + length;
    }
  }
  return buffer;
}

/** @param values integers up to 2⁵³. */
export function bigints(values: readonly (number | null)[]): Buffer {
  const { buffer, end } = arrayOf(BIGINT.oid, values.length, values.length * (LENGTH_BYTES + BIGINT.bytes));
  let at = end;
  for (const value of values) {
    if (value === null) at = buffer.writeInt32BE(NULL_LENGTH, at);
    else {
      const high = Math.floor(value / TWO_32);
      at = buffer.writeInt32BE(BIGINT.bytes, at);
      at = buffer.writeInt32BE(high, at);
      at = buffer.writeUInt32BE(value - high * TWO_32, at);
    }
  }
  return buffer.subarray(0, at);
}

export function integers(values: readonly number[]): Buffer {
  const { buffer, end } = arrayOf(INTEGER.oid, values.length, values.length * (LENGTH_BYTES + INTEGER.bytes));
  let at = end;
  for (const value of values) {
    at = buffer.writeInt32BE(INTEGER.bytes, at);
    at = buffer.writeInt32BE(value, at);
  }
  return buffer;
}

/** One dimension, that counts from 1 and may have nulls. `end`: of the head. */
function arrayOf(oid: number, length: number, bytes: number): { buffer: Buffer; end: number } {
  const buffer = Buffer.allocUnsafe(HEAD_BYTES + bytes);
  let end = 0;
  for (const word of [1, 1, oid, length, 1]) end = buffer.writeInt32BE(word, end);
  return { buffer, end };
}
