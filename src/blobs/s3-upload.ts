/**
 * Bytes that come to the bucket by a link instead of through us. The link is for one temporary key, one size and one sha-256. Servers
 * that know checksums refuse any other bytes, and tell which they hold; of others (Ceph before 20) we read the bytes to know them,
 * from a copy that no link leads to, since the link may be used again while we read.
 */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type HeadObjectCommandOutput,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { createHash, randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import { TandaError } from "../task/errors.ts";
import type { BlobRef } from "../task/task.ts";
import type { UploadLink } from "./blobs.ts";
import type { S3Bucket } from "./s3-bucket.ts";
import { copyWithin } from "./s3-copy.ts";
import { isMissing, toBlobError } from "./s3-errors.ts";
import { metadataOf, typeFor } from "./s3-facts.ts";
import { putToStay } from "./s3-removal.ts";

const CHECKSUM = "x-amz-checksum-sha256";
const UPLOAD_FORM = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export async function linkForUpload(
  bucket: S3Bucket,
  { id, bytes }: BlobRef,
  lifeMs: number,
  now: number,
): Promise<UploadLink> {
  const upload = randomUUID();
  const checksum = Buffer.from(id, "hex").toString("base64");
  const command = new PutObjectCommand({
    ...bucket.at(bucket.temporaryKey(upload)),
    ContentLength: bytes,
    ChecksumSHA256: checksum,
  });
  try {
    const url = await getSignedUrl(bucket.client, command, {
      expiresIn: Math.ceil(lifeMs / 1000),
      // In the link itself it would be no demand.
      unhoistableHeaders: new Set([CHECKSUM]),
    });
    return { upload, url, headers: { [CHECKSUM]: checksum }, expiresAt: now + lifeMs };
  } catch (error) {
    throw toBlobError(error, null);
  }
}

type Expected = BlobRef & { readonly type: string | null };
type Means = { readonly now: () => number; readonly copyPieceBytes: number };

export async function finishUpload(
  bucket: S3Bucket,
  upload: string,
  { id, bytes, type }: Expected,
  { now, copyPieceBytes }: Means,
): Promise<BlobRef> {
  if (!UPLOAD_FORM.test(upload)) throw nothingCame();
  const keys = [bucket.temporaryKey(upload)];
  const copy = (from: string, to: string, facts: { type: string; metadata: Record<string, string> }) =>
    copyWithin(bucket, { from, to, bytes, ...facts }, copyPieceBytes);
  try {
    const head = await bucket.client.send(
      new HeadObjectCommand({ ...bucket.at(keys[0]!), ChecksumMode: "ENABLED" }),
    );
    if (head.ContentLength !== bytes) throw otherBytes();
    let found = toldHash(head);
    if (found === null) {
      const own = bucket.newTemporaryKey();
      keys.push(own);
      await copy(keys[0]!, own, { type: "application/octet-stream", metadata: {} });
      found = await readHash(bucket, own);
    }
    if (found !== id) throw otherBytes();
    const kept = await typeFor(bucket, id, type);
    await putToStay(bucket, id, () =>
      copy(keys.at(-1)!, bucket.keyOf(id), { type: kept, metadata: metadataOf(now()) }),
    );
    return { id, bytes };
  } catch (error) {
    throw isMissing(error) ? nothingCame() : toBlobError(error, null);
  } finally {
    // What cannot be removed now, or comes by the link after this, is a leftover, removed later.
    const remove = (key: string): Promise<unknown> =>
      bucket.client.send(new DeleteObjectCommand(bucket.at(key)));
    await Promise.allSettled(keys.map(remove));
  }
}

/** Null where the server tells none of the whole. */
function toldHash({ ChecksumSHA256, ChecksumType }: HeadObjectCommandOutput): string | null {
  if (ChecksumSHA256 === undefined || (ChecksumType ?? "FULL_OBJECT") !== "FULL_OBJECT") return null;
  return Buffer.from(ChecksumSHA256, "base64").toString("hex");
}

async function readHash(bucket: S3Bucket, key: string): Promise<string> {
  const { Body } = await bucket.client.send(new GetObjectCommand(bucket.at(key)));
  const hash = createHash("sha256");
  for await (const chunk of Body as Readable) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

function nothingCame(): TandaError {
  return new TandaError("not_found", "Nothing came by this link, or it was taken already.", {
    hint: "Send the bytes to the link first, with its headers; then finish the upload, once.",
  });
}

function otherBytes(): TandaError {
  return new TandaError("bad_request", "What came by this link is not what was told.", {
    hint: "Ask for a link with the size and the sha-256 of the bytes that you send.",
  });
}
