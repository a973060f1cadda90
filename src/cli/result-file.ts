/** Where `--output` writes: the result, or the bytes of the one blob in it. */
import { createWriteStream } from "node:fs";
import { access, constants, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Client } from "../client/typed.ts";
import type { BlobLink } from "../protocol/messages.ts";
import { whyNot } from "./phrases.ts";
import { UsageError } from "./verb.ts";

/** Before anything is asked for: a result that cannot be written would have been made in vain. @throws UsageError */
export async function checkWritable(file: string): Promise<void> {
  try {
    const info = await stat(file).catch(() => null);
    if (info?.isDirectory()) throw new UsageError(`cannot write ${file}: it is a folder`);
    await access(info === null ? dirname(file) : file, constants.W_OK);
  } catch (thrown) {
    if (thrown instanceof UsageError) throw thrown;
    throw new UsageError(`cannot write ${file}: ${whyNot(thrown, "its folder")}`);
  }
}

/** @returns how many blobs the result has; with more than one, none of them was fetched. */
export async function saveResult(value: unknown, file: string, client: Client): Promise<number> {
  const blobs = blobsIn(value);
  const [only] = blobs;
  const source =
    only !== undefined && blobs.length === 1
      ? Readable.fromWeb((await client.$.blobs.get(only)) as Parameters<typeof Readable.fromWeb>[0])
      : Readable.from([typeof value === "string" ? value : JSON.stringify(value)]);
  await pipeline(source, createWriteStream(file));
  return blobs.length;
}

function blobsIn(value: unknown): BlobLink[] {
  if (typeof value !== "object" || value === null) return [];
  if (typeof (value as BlobLink).$blob === "string") return [value as BlobLink];
  return Object.values(value).flatMap(blobsIn);
}
