/** `{"$blob": id}` in a payload becomes something a handler can read. */
import { createWriteStream } from "node:fs";
import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { BlobHandle } from "../actions/define.ts";
import { formatPath } from "../actions/validate.ts";
import type { BlobInfo, Blobs } from "../blobs/blobs.ts";
import { TandaError } from "../task/errors.ts";

const ID = /^[0-9a-f]{64}$/;
/** Cheap first question, asked of a payload's text. */
export const MARK = '"$blob"';
const MOST_TOLD = 80;

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
 * @throws invalid_input, with the path, when there is no such blob or the mark holds no id: a handler gets a handle or nothing.
 */
export function putHandles(value: unknown, blobs: () => Promise<Blobs>, dir: string): Promise<unknown> {
  return put(value, [], blobs, dir);
}

type Path = readonly string[];

async function put(value: unknown, path: Path, blobs: () => Promise<Blobs>, dir: string): Promise<unknown> {
  if (typeof value !== "object" || value === null || value instanceof Handle) return value;
  if (Object.hasOwn(value, "$blob")) {
    const { $blob } = value as { $blob: unknown };
    if (typeof $blob !== "string" || !ID.test($blob)) throw malformed($blob, path);
    return openHandle($blob, path, await blobs(), dir);
  }
  for (const key of Object.keys(value)) {
    const inner = (value as Record<string, unknown>)[key];
    if (typeof inner !== "object" || inner === null) continue;
    const replaced = await put(inner, [...path, key], blobs, dir);
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

async function openHandle(id: string, path: Path, blobs: Blobs, dir: string): Promise<BlobHandle> {
  try {
    return new Handle(blobs, dir, await blobs.stat(id));
  } catch (error) {
    if (!(error instanceof TandaError) || error.code !== "not_found") throw error;
    throw invalid(`there is no blob ${id}`, path, "PUT its bytes to /v1/blobs first.");
  }
}

function malformed($blob: unknown, path: Path): TandaError {
  const text = JSON.stringify($blob) ?? typeof $blob;
  const told = text.length > MOST_TOLD ? `${text.slice(0, MOST_TOLD)}…` : text;
  const hint = "An id is 64 hexadecimal digits, as the answer to PUT /v1/blobs tells it.";
  return invalid(`${told} is not a blob's id`, path, hint);
}

function invalid(message: string, keys: Path, hint: string): TandaError {
  if (keys.length === 0) return new TandaError("invalid_input", message, { hint });
  const path = formatPath(keys);
  return new TandaError("invalid_input", `${path}: ${message}`, { path, hint });
}
