/**
 * Removing an old blob while others may put the same bytes again. S3 has no "delete it if it is still that old": a condition on the
 * ETag is met by the same bytes, and not every server knows conditions. So who removes says so first, under a key of its own, and
 * who puts looks for that after each put: either the remover, looking once more, sees that the blob is young, or the putter sees the
 * mark, waits until it is gone, and puts again what was removed.
 */
import { DeleteObjectCommand, HeadObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { setTimeout as sleep } from "node:timers/promises";
import type { S3Bucket } from "./s3-bucket.ts";
import { failureOf, isMissing, toBlobError } from "./s3-errors.ts";
import { isPutBefore, readFacts } from "./s3-facts.ts";

const LOOK_EVERY_MS = 50;
/** Longer than a remover takes that lives. */
const MARK_MS = 60_000;

export async function removeOld(bucket: S3Bucket, id: string, putBefore: number): Promise<void> {
  if (!(await isPutBefore(bucket, id, putBefore))) return;
  if (!(await mark(bucket, id))) return;
  // A mark that stays, since something failed, is ended by the next who puts, or with what else is left over.
  if (await isPutBefore(bucket, id, putBefore)) await remove(bucket, bucket.keyOf(id));
  await remove(bucket, markOf(bucket, id));
}

export async function remove(bucket: S3Bucket, key: string): Promise<void> {
  try {
    await bucket.client.send(new DeleteObjectCommand(bucket.at(key)));
  } catch (error) {
    // Some servers say so.
    if (!isMissing(error)) throw toBlobError(error, null);
  }
}

/** Does `put`, which gives the blob its name, until it is certain that no remover took it for the old one. */
export async function putToStay(bucket: S3Bucket, id: string, put: () => Promise<unknown>): Promise<void> {
  do {
    await put();
    await whenNobodyRemoves(bucket, id);
    // In this order: a remover that is not seen by its mark was done before, or will find the blob young.
  } while ((await readFacts(bucket, id)) === null);
}

async function whenNobodyRemoves(bucket: S3Bucket, id: string): Promise<void> {
  const until = performance.now() + MARK_MS;
  while (await isMarked(bucket, id)) {
    if (performance.now() > until) return remove(bucket, markOf(bucket, id));
    await sleep(LOOK_EVERY_MS);
  }
}

/** @returns false when another is at it. */
async function mark(bucket: S3Bucket, id: string): Promise<boolean> {
  const put = (condition: { IfNoneMatch?: string }): Promise<unknown> =>
    bucket.client.send(
      new PutObjectCommand({ ...bucket.at(markOf(bucket, id)), Body: "removing", ...condition }),
    );
  try {
    await put({ IfNoneMatch: "*" }).catch((error: unknown) => {
      // Not every server knows the condition.
      if (failureOf(error).status !== 501) throw error;
      return put({});
    });
    return true;
  } catch (error) {
    const { status } = failureOf(error);
    if (status === 412 || status === 409) return false;
    throw toBlobError(error, null);
  }
}

async function isMarked(bucket: S3Bucket, id: string): Promise<boolean> {
  try {
    await bucket.client.send(new HeadObjectCommand(bucket.at(markOf(bucket, id))));
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw toBlobError(error, null);
  }
}

function markOf(bucket: S3Bucket, id: string): string {
  return bucket.temporaryKey(`removing-${id}`);
}
