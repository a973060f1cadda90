/** What puts of processes that died left in the bucket: never readable as blobs, but paid for. */
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
} from "@aws-sdk/client-s3";
import type { S3Bucket } from "./s3-bucket.ts";

/** No put takes so long. Others may be at it right now, so nothing younger is touched. */
export const LEFTOVER_MS = 86_400_000;

export async function clearLeftovers(bucket: S3Bucket, now: number): Promise<void> {
  const before = now - LEFTOVER_MS;
  await clearObjects(bucket, before);
  await clearUploads(bucket, before);
}

async function clearObjects(bucket: S3Bucket, before: number): Promise<void> {
  for (let token: string | undefined, isMore = true; isMore;) {
    const page = await bucket.client.send(
      new ListObjectsV2Command({
        Bucket: bucket.name,
        Prefix: bucket.temporaryPrefix,
        ...(token === undefined ? {} : { ContinuationToken: token }),
      }),
    );
    for (const { Key, LastModified } of page.Contents ?? []) {
      if (Key === undefined || LastModified === undefined || LastModified.getTime() >= before) continue;
      await bucket.client.send(new DeleteObjectCommand(bucket.at(Key)));
    }
    token = page.NextContinuationToken;
    isMore = token !== undefined;
  }
}

async function clearUploads(bucket: S3Bucket, before: number): Promise<void> {
  let marker: { KeyMarker?: string; UploadIdMarker?: string } = {};
  for (let isMore = true; isMore;) {
    const page = await bucket.client.send(
      new ListMultipartUploadsCommand({ Bucket: bucket.name, Prefix: bucket.prefix, ...marker }),
    );
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (Key === undefined || Initiated === undefined || Initiated.getTime() >= before) continue;
      // The bucket may hold what is not ours.
      if (!Key.startsWith(bucket.temporaryPrefix) && bucket.idOf(Key) === null) continue;
      await bucket.client.send(new AbortMultipartUploadCommand({ ...bucket.at(Key), UploadId }));
    }
    isMore = page.IsTruncated === true && page.NextKeyMarker !== undefined;
    marker = {
      ...(page.NextKeyMarker === undefined ? {} : { KeyMarker: page.NextKeyMarker }),
      ...(page.NextUploadIdMarker === undefined ? {} : { UploadIdMarker: page.NextUploadIdMarker }),
    };
  }
}
