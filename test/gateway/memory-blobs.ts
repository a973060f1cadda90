/** Blobs in memory, by their hash, as the fake engine keeps them. */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { Blobs, BlobInfo } from "../../src/blobs/blobs.ts";
import { TandaError } from "../../src/task/errors.ts";

export class MemoryBlobs implements Blobs {
  readonly #blobs = new Map<string, { bytes: Buffer; type: string }>();

  async put(
    bytes: Readable | Uint8Array | string,
    more: { type?: string | undefined; maxBytes?: number | undefined } = {},
  ) {
    const { type = "application/octet-stream", maxBytes = Infinity } = more;
    const parts: Buffer[] = [];
    let size = 0;
    for await (const part of bytes instanceof Readable ? bytes : [Buffer.from(bytes)]) {
      size += (part as Buffer).length;
      if (size > maxBytes) throw new TandaError("too_large", `the blob is larger than ${maxBytes} bytes`);
      parts.push(part as Buffer);
    }
    const whole = Buffer.concat(parts);
    const id = createHash("sha256").update(whole).digest("hex");
    this.#blobs.set(id, { bytes: whole, type });
    return { id, bytes: whole.length };
  }
  async stat(id: string): Promise<BlobInfo> {
    const { bytes, type } = this.#blob(id);
    return { id, bytes: bytes.length, type, putAt: 0 };
  }
  async open(id: string, range?: { start: number; end: number }): Promise<Readable> {
    const { bytes } = this.#blob(id);
    return Readable.from([range ? bytes.subarray(range.start, range.end + 1) : bytes], { objectMode: false });
  }
  async file(): Promise<null> {
    return null;
  }
  async delete(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#blobs.delete(id);
  }
  async old(): Promise<string[]> {
    return [];
  }
  async close(): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}
  #blob(id: string) {
    const blob = this.#blobs.get(id);
    if (!blob) throw new TandaError("not_found", "there is no such blob");
    return blob;
  }
}
