/** The bytes of one put: counted, hashed and limited while they pass, so that they are read once. */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { TandaError } from "../task/errors.ts";
import type { BlobRef } from "../task/task.ts";

export class Intake {
  readonly #hash = createHash("sha256");
  readonly #chunks: AsyncGenerator<Buffer>;
  readonly #first: Buffer[] = [];
  #bytes = 0;
  #isGiving = false;
  #failure: { readonly error: unknown } | null = null;

  constructor(bytes: Readable | Uint8Array | string, maxBytes: number) {
    this.#chunks = this.#pass(bytes instanceof Readable ? bytes : [bytes], maxBytes);
  }

  /** What went wrong on the giving side: to be told as it is, and not as a fault of the bucket. */
  get failure(): { readonly error: unknown } | null {
    return this.#failure;
  }

  /** Reads until there are more than so many. @returns all of them when there are not. */
  async small(maxBytes: number): Promise<Buffer | null> {
    while (this.#bytes <= maxBytes) {
      const next = await this.#chunks.next();
      if (next.done) return Buffer.concat(this.#first);
      this.#first.push(next.value);
    }
    return null;
  }

  /** All of them, also those that were read before. */
  stream(): Readable {
    return Readable.from(this.#all(), { objectMode: false });
  }

  /** To be asked once all have passed. */
  ref(): BlobRef {
    return { id: this.#hash.digest("hex"), bytes: this.#bytes };
  }

  /** The giver is told that nothing more is wanted. */
  async giveUp(): Promise<void> {
    await this.#chunks.return(undefined);
  }

  async *#all(): AsyncGenerator<Buffer> {
    for (let first = this.#first.shift(); first !== undefined; first = this.#first.shift()) yield first;
    yield* this.#chunks;
  }

  async *#pass(
    source: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
    maxBytes: number,
  ): AsyncGenerator<Buffer> {
    try {
      for await (const part of source) {
        const chunk = typeof part === "string" ? Buffer.from(part) : asBuffer(part);
        this.#bytes += chunk.byteLength;
        if (this.#bytes > maxBytes)
          throw new TandaError("too_large", `More than ${maxBytes} bytes for a blob.`);
        this.#hash.update(chunk);
        this.#isGiving = true;
        yield chunk;
        this.#isGiving = false;
      }
    } catch (error) {
      // Who takes may throw into this, to end it.
      if (!this.#isGiving) this.#failure = { error };
      throw error;
    }
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
