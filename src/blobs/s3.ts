/**
 * Blobs as objects of a bucket: `PREFIX` + the sha-256 of the bytes. A small one is hashed in memory and put at once. A larger one
 * is uploaded in parts under a temporary key while it is hashed, then copied to its name by the server and the temporary one
 * deleted: what has a name is whole, and no node needs a disk. Media type and the instant it was last put are the object's own
 * (Content-Type, and metadata, since a bucket's clock is not ours and tells seconds).
 */
import { GetObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { Readable } from "node:stream";
import { TandaError } from "../task/errors.ts";
import type { BlobRef } from "../task/task.ts";
import type { BlobInfo, BlobLink, Blobs, UploadLink } from "./blobs.ts";
import { parseS3Address } from "./s3-address.ts";
import { ANSWER_MS, isBlobId, S3Bucket } from "./s3-bucket.ts";
import { COPY_PIECE_BYTES } from "./s3-copy.ts";
import { failureOf, notFound, toBlobError, toOpenError } from "./s3-errors.ts";
import { isPutBefore, readFacts } from "./s3-facts.ts";
import { guarded } from "./s3-guarded.ts";
import { clearLeftovers } from "./s3-leftovers.ts";
import { putBytes } from "./s3-put.ts";
import { finishUpload, linkForUpload } from "./s3-upload.ts";
import { remove, removeOld } from "./s3-removal.ts";
import { UnderWay } from "./under-way.ts";

const REQUESTS_AT_ONCE = 8;
const PAGE = 1000;
/** How far the bucket's clock may be from ours; nearer to the instant asked for, the object itself is asked. */
const CLOCK_SLACK_MS = 60_000;

export type S3Options = {
  /** See {@link parseS3Address}. */
  url: string;
  /** False: nobody asks whether the bucket is there. For threads, whose node did. */
  isChecked?: boolean;
  /** Epoch milliseconds. */
  now?: () => number;
  /** More than this is copied in pieces of it. */
  copyPieceBytes?: number;
  /** How long one try of a request may be without an answer. */
  answerMs?: number;
};

/** @throws bad_request when the address or the credentials are wrong, or there is no such bucket; unavailable when it cannot be reached. */
export async function openS3Blobs({
  url,
  isChecked = true,
  now = Date.now,
  copyPieceBytes = COPY_PIECE_BYTES,
  answerMs = ANSWER_MS,
}: S3Options): Promise<Blobs> {
  const address = parseS3Address(url);
  const bucket = new S3Bucket(address, answerMs);
  try {
    if (isChecked) await bucket.check();
  } catch (error) {
    bucket.client.destroy();
    throw toOpenError(error, address.bucket, address.endpoint);
  }
  return new S3Blobs(bucket, now, copyPieceBytes);
}

class S3Blobs implements Blobs {
  readonly #bucket: S3Bucket;
  readonly #now: () => number;
  readonly #copyPieceBytes: number;
  readonly #putting = new UnderWay();
  #isClosed = false;

  constructor(bucket: S3Bucket, now: () => number, copyPieceBytes: number) {
    this.#bucket = bucket;
    this.#now = now;
    this.#copyPieceBytes = copyPieceBytes;
  }

  put(
    bytes: Readable | Uint8Array | string,
    more: { type?: string | undefined; maxBytes?: number | undefined } = {},
  ): Promise<BlobRef> {
    const { type = null, maxBytes = Number.POSITIVE_INFINITY } = more;
    return this.#putting.add(this.#put(bytes, type, maxBytes));
  }

  async stat(id: string): Promise<BlobInfo> {
    this.#checkId(id);
    const facts = await readFacts(this.#bucket, id);
    if (facts === null) throw notFound(id);
    return facts;
  }

  async open(id: string, range?: { start: number; end: number }): Promise<Readable> {
    this.#checkId(id);
    const cut = range ? { Range: `bytes=${range.start}-${range.end}` } : {};
    try {
      const { Body } = await this.#bucket.client.send(new GetObjectCommand({ ...this.#at(id), ...cut }));
      return guarded(Body as Readable, (error) => toBlobError(error, null));
    } catch (error) {
      // A range behind the end of the blob is no bytes.
      if (range && failureOf(error).status === 416) return Readable.from([]);
      throw toBlobError(error, id);
    }
  }

  async file(id: string): Promise<null> {
    await this.stat(id);
    return null;
  }

  async downloadUrl(id: string, { lifeMs, disposition }: BlobLink): Promise<string> {
    this.#checkId(id);
    const command = new GetObjectCommand({ ...this.#at(id), ResponseContentDisposition: disposition });
    try {
      return await getSignedUrl(this.#bucket.client, command, { expiresIn: Math.ceil(lifeMs / 1000) });
    } catch (error) {
      throw toBlobError(error, null);
    }
  }

  async uploadLink(expected: BlobRef, lifeMs: number): Promise<UploadLink> {
    this.#checkId(expected.id);
    return linkForUpload(this.#bucket, expected, lifeMs, this.#now());
  }

  finishUpload(upload: string, expected: BlobRef, type?: string): Promise<BlobRef> {
    return this.#putting.add(this.#finish(upload, expected, type ?? null));
  }

  async delete(ids: readonly string[], putBefore = Number.POSITIVE_INFINITY): Promise<void> {
    this.#checkOpen();
    await atOnce(ids.filter(isBlobId), async (id) => {
      if (putBefore === Number.POSITIVE_INFINITY) await remove(this.#bucket, this.#bucket.keyOf(id));
      else await removeOld(this.#bucket, id, putBefore);
    });
  }

  async old(before: number, limit: number, after: string | null = null): Promise<string[]> {
    this.#checkOpen();
    const ids: string[] = [];
    try {
      // Who asks for the first page goes through all of them, and not often.
      if (after === null) await clearLeftovers(this.#bucket, this.#now());
      for (let last = after; ids.length < limit;) {
        const page = await this.#page(before, Math.min(PAGE, limit - ids.length), last);
        ids.push(...page.ids);
        if (page.last === null) break;
        last = page.last;
      }
    } catch (error) {
      throw toBlobError(error, null);
    }
    return ids;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#putting.settled();
    this.#bucket.client.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #put(bytes: Readable | Uint8Array | string, type: string | null, maxBytes: number): Promise<BlobRef> {
    this.#checkOpen();
    const [bucket, now, copyPieceBytes] = [this.#bucket, this.#now, this.#copyPieceBytes];
    return putBytes(bytes, { bucket, now, copyPieceBytes, type, maxBytes });
  }

  async #finish(upload: string, expected: BlobRef, type: string | null): Promise<BlobRef> {
    this.#checkId(expected.id);
    const copyPieceBytes = this.#copyPieceBytes;
    return finishUpload(this.#bucket, upload, { ...expected, type }, { now: this.#now, copyPieceBytes });
  }

  /** @returns those old enough of the next so many, and where to go on; null at the end. */
  async #page(
    before: number,
    size: number,
    after: string | null,
  ): Promise<{ ids: string[]; last: string | null }> {
    const { Contents = [], IsTruncated } = await this.#bucket.client.send(
      new ListObjectsV2Command({
        Bucket: this.#bucket.name,
        Prefix: this.#bucket.prefix,
        Delimiter: "/",
        MaxKeys: size,
        ...(after === null ? {} : { StartAfter: this.#bucket.keyOf(after) }),
      }),
    );
    const old = await atOnce(Contents, async ({ Key = "", LastModified }) => {
      const id = this.#bucket.idOf(Key);
      if (id === null || LastModified === undefined) return null;
      const difference = LastModified.getTime() - before;
      const isNear = Math.abs(difference) < CLOCK_SLACK_MS;
      return (isNear ? await isPutBefore(this.#bucket, id, before) : difference < 0) ? id : null;
    });
    const last = Contents.at(-1)?.Key;
    return {
      ids: old.filter((id) => id !== null),
      last: IsTruncated === true && last !== undefined ? last.slice(this.#bucket.prefix.length) : null,
    };
  }

  #at(id: string): { Bucket: string; Key: string } {
    return this.#bucket.at(this.#bucket.keyOf(id));
  }

  #checkId(id: string): void {
    this.#checkOpen();
    if (!isBlobId(id)) throw notFound(id);
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new TandaError("unavailable", "The blobs are closed");
  }
}

/** A few at a time; the first failure ends it. */
async function atOnce<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const indices = items.keys();
  const worker = async (): Promise<void> => {
    for (const index of indices) results[index] = await work(items[index]!);
  };
  await Promise.all(Array.from({ length: Math.min(REQUESTS_AT_ONCE, items.length) }, worker));
  return results;
}
