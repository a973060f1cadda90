/** The two ways of bytes into the bucket. Either way a blob's name is there at once, with all of its bytes, or not at all. */
import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import type { Readable } from "node:stream";
import type { BlobRef } from "../task/task.ts";
import type { S3Bucket } from "./s3-bucket.ts";
import { copyWithin } from "./s3-copy.ts";
import { metadataOf, typeFor } from "./s3-facts.ts";
import { toBlobError } from "./s3-errors.ts";
import { Intake } from "./s3-intake.ts";
import { putToStay } from "./s3-removal.ts";

/** The least that a part may have: also what one put holds in memory, a few times. */
const PART_BYTES = 5 * 1024 * 1024;
const MOST_PARTS = 10_000;
const PARTS_AT_ONCE = 2;

export type Putting = {
  readonly bucket: S3Bucket;
  readonly now: () => number;
  readonly copyPieceBytes: number;
  readonly type: string | null;
  readonly maxBytes: number;
};

export async function putBytes(bytes: Readable | Uint8Array | string, putting: Putting): Promise<BlobRef> {
  const intake = new Intake(bytes, putting.maxBytes);
  try {
    const small = await intake.small(PART_BYTES);
    return small === null ? await putLarge(intake, putting) : await putSmall(small, intake.ref(), putting);
  } catch (error) {
    throw intake.failure ? intake.failure.error : toBlobError(error, null);
  } finally {
    await intake.giveUp();
  }
}

/** Atomic, whoever else puts the same; it makes the blob young again, and whole if it was spoilt. */
async function putSmall(bytes: Buffer, ref: BlobRef, { bucket, now, type }: Putting): Promise<BlobRef> {
  const ContentType = await typeFor(bucket, ref.id, type);
  await putToStay(bucket, ref.id, () =>
    bucket.client.send(
      new PutObjectCommand({
        ...bucket.at(bucket.keyOf(ref.id)),
        Body: bytes,
        ContentType,
        Metadata: metadataOf(now()),
      }),
    ),
  );
  return ref;
}

/** Its name is known only when all has passed: so under another one first, then copied by the server. */
async function putLarge(intake: Intake, putting: Putting): Promise<BlobRef> {
  const { bucket, now, copyPieceBytes, type, maxBytes } = putting;
  const temporary = bucket.newTemporaryKey();
  const body = intake.stream();
  try {
    await new Upload({
      client: bucket.client,
      params: { ...bucket.at(temporary), Body: body },
      partSize: partBytes(maxBytes),
      queueSize: PARTS_AT_ONCE,
    }).done();
    const ref = intake.ref();
    const to = bucket.keyOf(ref.id);
    const kept = await typeFor(bucket, ref.id, type);
    await putToStay(bucket, ref.id, () => {
      const facts = { bytes: ref.bytes, type: kept, metadata: metadataOf(now()) };
      return copyWithin(bucket, { from: temporary, to, ...facts }, copyPieceBytes);
    });
    return ref;
  } finally {
    body.destroy();
    // What cannot be removed now is a leftover, removed later.
    await bucket.client.send(new DeleteObjectCommand(bucket.at(temporary))).catch(() => {});
  }
}

/** As small as the number of parts allows. */
function partBytes(maxBytes: number): number {
  const least = Number.isFinite(maxBytes) ? Math.ceil(maxBytes / MOST_PARTS) : 0;
  return Math.max(PART_BYTES, least);
}
