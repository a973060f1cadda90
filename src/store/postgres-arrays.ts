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
/** Where in an id each of its bytes is told, and what its signs mean. */
const PLACES = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const NIBBLES = new Uint8Array(128);
for (let value = 0; value < 16; value++) NIBBLES[value.toString(16).charCodeAt(0)] = value;

/** Rows are taken in the order of their ids by everybody: so none waits for another in a circle. */
export function inOrder<T extends { readonly id: string }>(rows: readonly T[]): T[] {
  return rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** @param ids in the form of a UUID, in lower case. */
export function uuids(ids: readonly string[]): Buffer {
  const array = new ArrayWriter(UUID.oid, ids.length, ids.length * (LENGTH_BYTES + UUID.bytes));
  for (const id of ids) array.addId(id);
  return array.written();
}

export function texts(values: readonly (string | null)[]): Buffer {
  let bytes = 0;
  for (const value of values) bytes += LENGTH_BYTES + (value === null ? 0 : Buffer.byteLength(value));
  const array = new ArrayWriter(TEXT.oid, values.length, bytes);
  for (const value of values) array.addText(value);
  return array.written();
}

/** @param values integers up to 2⁵³. */
export function bigints(values: readonly (number | null)[]): Buffer {
  const bytes = values.length * (LENGTH_BYTES + BIGINT.bytes);
  const array = new ArrayWriter(BIGINT.oid, values.length, bytes);
  for (const value of values) array.addBigint(value);
  return array.written();
}

export function integers(values: readonly number[]): Buffer {
  const bytes = values.length * (LENGTH_BYTES + INTEGER.bytes);
  const array = new ArrayWriter(INTEGER.oid, values.length, bytes);
  for (const value of values) array.addInteger(value);
  return array.written();
}

/** One dimension, that counts from 1 and may have nulls. */
class ArrayWriter {
  readonly #buffer: Buffer;
  // Several times as fast as the buffer's own ways.
  readonly #view: DataView;
  #at = 0;

  /** @param bytes at most, with the length before each value. */
  constructor(oid: number, length: number, bytes: number) {
    this.#buffer = Buffer.allocUnsafe(HEAD_BYTES + bytes);
    this.#view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset, this.#buffer.length);
    for (const word of [1, 1, oid, length, 1]) this.#word(word);
  }

  addId(id: string): void {
    this.#word(UUID.bytes);
    const buffer = this.#buffer;
    let at = this.#at;
    for (const place of PLACES) {
      buffer[at++] = (NIBBLES[id.charCodeAt(place)]! << 4) | NIBBLES[id.charCodeAt(place + 1)]!;
    }
    this.#at = at;
  }

  addText(value: string | null): void {
    if (value === null) return this.#word(NULL_LENGTH);
    const length = this.#buffer.write(value, this.#at + LENGTH_BYTES, "utf8");
    this.#word(length);
    this.#at += length;
  }

  addBigint(value: number | null): void {
    if (value === null) return this.#word(NULL_LENGTH);
    const high = Math.floor(value / TWO_32);
    this.#word(BIGINT.bytes);
    this.#word(high);
    this.#word(value - high * TWO_32);
  }

  addInteger(value: number): void {
    this.#word(INTEGER.bytes);
    this.#word(value);
  }

  written(): Buffer {
    return this.#buffer.subarray(0, this.#at);
  }

  #word(value: number): void {
    this.#view.setInt32(this.#at, value);
    this.#at += LENGTH_BYTES;
  }
}
