/**
 * Blobs as files: `DIR/ab/cdef…`, the name being the sha-256 of the bytes. A blob is written under a temporary name while it
 * is hashed, made durable, and only then given its name, so what has a name is whole. The media type and the instant it was
 * last put are the folder entry's own: the type in a sidecar beside it, the instant as the file's time.
 */
import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import {
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  type FileHandle,
} from "node:fs/promises";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import { TandaError } from "../task/errors.ts";
import type { BlobRef } from "../task/task.ts";
import type { BlobInfo, Blobs } from "./blobs.ts";
import { UnderWay } from "./under-way.ts";

const ID_FORM = /^[0-9a-f]{64}$/;
const SHARD_FORM = /^[0-9a-f]{2}$/;
const DEFAULT_TYPE = "application/octet-stream";
const TEMPORARY = "tmp";
const TYPE_ENDING = ".type";
const RETRY_AFTER_MS = 1000;
const IS_WINDOWS = process.platform === "win32";
/** Handlers get paths: what they read must not be written. Windows could not replace such a file. */
const FILE_MODE = IS_WINDOWS ? 0o644 : 0o444;

/** @param isOwner false = another process has the folder open and may be writing in it. @param now epoch milliseconds. */
export async function openFileBlobs({
  dir,
  isOwner = true,
  now = Date.now,
}: {
  dir: string;
  isOwner?: boolean;
  now?: () => number;
}): Promise<Blobs> {
  const root = resolve(dir);
  // What was being written when its process died has no name and never will.
  if (isOwner) await rm(join(root, TEMPORARY), { recursive: true, force: true });
  await mkdir(join(root, TEMPORARY), { recursive: true });
  return new FileBlobs(root, now);
}

class FileBlobs implements Blobs {
  readonly #root: string;
  readonly #now: () => number;
  readonly #putting = new UnderWay();
  #isClosed = false;

  constructor(root: string, now: () => number) {
    this.#root = root;
    this.#now = now;
  }

  put(
    bytes: Readable | Uint8Array | string,
    more: { type?: string | undefined; maxBytes?: number | undefined } = {},
  ): Promise<BlobRef> {
    const { type = null, maxBytes = Number.POSITIVE_INFINITY } = more;
    return this.#putting.add(this.#put(bytes, type, maxBytes));
  }

  async stat(id: string): Promise<BlobInfo> {
    this.#checkOpen();
    const path = this.#path(id);
    try {
      const { size, mtimeMs } = await stat(path);
      return { id, bytes: size, type: await readType(path), putAt: Math.round(mtimeMs) };
    } catch (error) {
      throw toBlobError(error, id);
    }
  }

  async open(id: string, range?: { start: number; end: number }): Promise<Readable> {
    this.#checkOpen();
    const path = this.#path(id);
    try {
      // Opened here, so that an unknown blob is told now and a deleted one can be read to its end.
      const handle = await open(path, "r");
      return createReadStream(path, { ...range, fd: handle });
    } catch (error) {
      throw toBlobError(error, id);
    }
  }

  async file(id: string): Promise<string> {
    await this.stat(id);
    return this.#path(id);
  }

  async delete(ids: readonly string[], putBefore = Number.POSITIVE_INFINITY): Promise<void> {
    this.#checkOpen();
    for (const id of ids) {
      if (!ID_FORM.test(id)) continue;
      const path = this.#path(id);
      // The type first: left behind, it would be taken for that of a later blob of the same bytes.
      const both = [path + TYPE_ENDING, path];
      if (putBefore === Number.POSITIVE_INFINITY) for (const one of both) await rm(one, { force: true });
      else if (await isPutBefore(path, putBefore))
        for (const one of both) await this.#removeOld(one, putBefore);
    }
  }

  async old(before: number, limit: number, after: string | null = null): Promise<string[]> {
    this.#checkOpen();
    const ids: string[] = [];
    const shards = (await readdir(this.#root)).filter((name) => SHARD_FORM.test(name)).toSorted();
    for (const shard of shards) {
      if (after !== null && shard < after.slice(0, 2)) continue;
      for (const name of (await readdir(join(this.#root, shard))).toSorted()) {
        const id = shard + name;
        if (!ID_FORM.test(id) || (after !== null && id <= after)) continue;
        if (!(await isPutBefore(join(this.#root, shard, name), before))) continue;
        ids.push(id);
        if (ids.length >= limit) return ids;
      }
    }
    return ids;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#putting.settled();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #put(bytes: Readable | Uint8Array | string, type: string | null, maxBytes: number): Promise<BlobRef> {
    this.#checkOpen();
    const temporary = join(this.#root, TEMPORARY, randomUUID());
    try {
      const ref = await writeDurably(temporary, bytes, maxBytes);
      await this.#name(temporary, ref.id, type);
      return ref;
    } catch (error) {
      await rm(temporary, { force: true });
      throw toBlobError(error, null);
    }
  }

  /** It may just have been put again, also by another process. So it is moved to where nobody changes it, and looked at there. */
  async #removeOld(path: string, putBefore: number): Promise<void> {
    const aside = join(this.#root, TEMPORARY, randomUUID());
    try {
      await rename(path, aside);
    } catch (error) {
      if ((error as { code?: unknown }).code === "ENOENT") return;
      throw error;
    }
    const isOld = await isPutBefore(aside, putBefore);
    // Who put it once more meanwhile has put it in its place himself.
    if (!isOld) await link(aside, path).catch(() => {});
    await rm(aside, { force: true });
  }

  /** The rename is the moment from which the blob is there. It also makes a blob put again young again, and whole if a disk had spoilt it. */
  async #name(temporary: string, id: string, type: string | null): Promise<void> {
    const path = this.#path(id);
    const folder = join(this.#root, id.slice(0, 2));
    const at = this.#now() / 1000;
    await utimes(temporary, at, at);
    if ((await mkdir(folder, { recursive: true })) !== undefined) await syncFolder(this.#root);
    const known = await readType(path);
    const kept = type ?? known;
    // Also when it is the same: it has to be as young as the bytes are.
    if (kept !== DEFAULT_TYPE || known !== DEFAULT_TYPE) await this.#nameType(path + TYPE_ENDING, kept, at);
    await rename(temporary, path);
    await syncFolder(folder);
  }

  async #nameType(path: string, type: string, at: number): Promise<void> {
    const temporary = join(this.#root, TEMPORARY, randomUUID());
    try {
      await writeDurably(temporary, type, Number.POSITIVE_INFINITY);
      await utimes(temporary, at, at);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  #path(id: string): string {
    if (!ID_FORM.test(id)) throw notFound(id);
    return join(this.#root, id.slice(0, 2), id.slice(2));
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new TandaError("unavailable", "The blobs are closed");
  }
}

async function writeDurably(
  path: string,
  bytes: Readable | Uint8Array | string,
  maxBytes: number,
): Promise<BlobRef> {
  const handle = await open(path, "wx", FILE_MODE);
  try {
    const ref = await writeAll(handle, bytes, maxBytes);
    await handle.sync();
    return ref;
  } finally {
    await handle.close();
  }
}

async function writeAll(
  handle: FileHandle,
  bytes: Readable | Uint8Array | string,
  maxBytes: number,
): Promise<BlobRef> {
  const hash = createHash("sha256");
  let length = 0;
  const chunks = bytes instanceof Readable ? bytes : [bytes];
  for await (const part of chunks as AsyncIterable<Uint8Array | string>) {
    const chunk = typeof part === "string" ? Buffer.from(part) : part;
    length += chunk.byteLength;
    if (length > maxBytes) throw new TandaError("too_large", `More than ${maxBytes} bytes for a blob.`);
    hash.update(chunk);
    await handle.writeFile(chunk);
  }
  return { id: hash.digest("hex"), bytes: length };
}

/** A new name is durable only when its folder is. */
async function syncFolder(path: string): Promise<void> {
  if (IS_WINDOWS) return; // It has no such call.
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** False when it is gone. */
async function isPutBefore(path: string, instant: number): Promise<boolean> {
  const info = await stat(path).catch(() => null);
  return info !== null && Math.round(info.mtimeMs) < instant;
}

async function readType(path: string): Promise<string> {
  try {
    return await readFile(path + TYPE_ENDING, "utf8");
  } catch {
    return DEFAULT_TYPE;
  }
}

function notFound(id: string): TandaError {
  return new TandaError("not_found", `No such blob: ${id.slice(0, 80)}`);
}

function toBlobError(thrown: unknown, id: string | null): unknown {
  const { code, message } = thrown as { code?: unknown; message?: string };
  const more = { retryAfterMs: RETRY_AFTER_MS, cause: thrown };
  switch (code) {
    case "ENOENT":
    case "ENAMETOOLONG":
      return id === null
        ? new TandaError("unavailable", `The blobs' folder is gone: ${message}`, more)
        : notFound(id);
    case "ENOSPC":
    case "EDQUOT":
      return new TandaError("busy", "The disk of the blobs is full.", {
        ...more,
        hint: "Free some space; Tanda goes on by itself.",
      });
    case "EIO":
    case "EROFS":
    case "EMFILE":
    case "ENFILE":
      return new TandaError("unavailable", `The blobs cannot be written or read: ${message}`, more);
    default:
      return thrown;
  }
}
