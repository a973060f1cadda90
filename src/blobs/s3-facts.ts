/** What an object tells of its blob: its size, its media type, and the instant it was last put. */
import { HeadObjectCommand, type HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import type { BlobInfo } from "./blobs.ts";
import type { S3Bucket } from "./s3-bucket.ts";
import { isMissing, toBlobError } from "./s3-errors.ts";

const DEFAULT_TYPE = "application/octet-stream";
/** The bucket's own time is by another clock, and Amazon tells it in seconds. */
const PUT_AT = "put-at";

export function metadataOf(putAt: number): Record<string, string> {
  return { [PUT_AT]: String(putAt) };
}

/** Null when there is no such blob. */
export async function readFacts(bucket: S3Bucket, id: string): Promise<BlobInfo | null> {
  try {
    const head = await bucket.client.send(new HeadObjectCommand(bucket.at(bucket.keyOf(id))));
    return {
      id,
      bytes: head.ContentLength ?? 0,
      type: head.ContentType ?? DEFAULT_TYPE,
      putAt: putAtOf(head),
    };
  } catch (error) {
    if (isMissing(error)) return null;
    throw toBlobError(error, null);
  }
}

/** A put that tells no type leaves the one told before. */
export async function typeFor(bucket: S3Bucket, id: string, told: string | null): Promise<string> {
  return told ?? (await readFacts(bucket, id))?.type ?? DEFAULT_TYPE;
}

/** False when it is gone. */
export async function isPutBefore(bucket: S3Bucket, id: string, instant: number): Promise<boolean> {
  const facts = await readFacts(bucket, id);
  return facts !== null && facts.putAt < instant;
}

function putAtOf({ Metadata, LastModified }: HeadObjectCommandOutput): number {
  const told = Number(Metadata?.[PUT_AT] ?? Number.NaN);
  return Number.isSafeInteger(told) ? told : (LastModified?.getTime() ?? 0);
}
