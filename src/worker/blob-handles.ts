/** `{"$blob": id}` in a payload becomes something a handler can read. */
import { createWriteStream } from "node:fs";
import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { BlobHandle } from "../actions/define.ts";
import type { BlobInfo, Blobs } from "../blobs/blobs.ts";
import { TandaError } from "../task/errors.ts";

const ID = /^[0-9a-f]{64}$/;
/** Cheap first question, asked of a payload's text. */
export const MARK = '"$blob"';

class Handle implements BlobHandle {
  readonly $blob: string;
  readonly bytes: number;
  readonly type: string;
  readonly #blobs: Blobs;
  readonly #dir: string;

  constructor(blobs: Blobs, dir: string, info: BlobInfo) {
    this.$blob = info.id;
    this.bytes = info.bytes;
    this.type = info.type;
    this.#blobs = blobs;
    this.#dir = dir;
  }

  stream(): Promise<Readable> {
    return this.#blobs.open(this.$blob);
  }

  /** Where the driver has no files a copy is made, once, and goes with the pool. */
  async file(): Promise<string> {
    const local = await this.#blobs.file(this.$blob);
    if (local !== null) return local;
    const path = join(this.#dir, this.$blob);
    await mkdir(this.#dir, { recursive: true });
    const part = `${path}.${process.hrtime.bigint()}`;
    await pipeline(await this.stream(), createWriteStream(part, { mode: 0o400 }));
    await rename(part, path);
    return path;
  }

  async buffer(): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of await this.stream()) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }

  async text(): Promise<string> {
    return (await this.buffer()).toString("utf8");
  }
}

/**
 * Replaces, in place, what marks a blob. Also asked of what a schema made of the payload, since it may have copied plain objects.
 * @throws invalid_input when there is no such blob.
 */
export async function putHandles(value: unknown, blobs: () => Promise<Blobs>, dir: string): Promise<unknown> {
  if (typeof value !== "object" || value === null || value instanceof Handle) return value;
  if (isMark(value)) return openHandle(value.$blob, await blobs(), dir);
  for (const key of Object.keys(value)) {
    const inner = (value as Record<string, unknown>)[key];
    if (typeof inner !== "object" || inner === null) continue;
    const replaced = await putHandles(inner, blobs, dir);
    // defineProperty: a key named __proto__ stays a key.
    if (replaced !== inner)
      Object.defineProperty(value, key, {
        value: replaced,
        writable: true,
        enumerable: true,
        configurable: true,
      });
  }
  return value;
}

function isMark(value: object): value is { $blob: string } {
  const id = (value as { $blob?: unknown }).$blob;
  return typeof id === "string" && ID.test(id);
}

async function openHandle(id: string, blobs: Blobs, dir: string): Promise<BlobHandle> {
  try {
    return new Handle(blobs, dir, await blobs.stat(id));
  } catch (error) {
    if (!(error instanceof TandaError) || error.code !== "not_found") throw error;
    throw new TandaError("invalid_input", `there is no blob ${id}`, {
      hint: "PUT its bytes to /v1/blobs first.",
    });
  }
}
