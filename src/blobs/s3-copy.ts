/** Copies within the bucket, by the server. One request copies at most 5 GiB, and should not take long: more goes in pieces. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  UploadPartCopyCommand,
  type CompletedPart,
} from "@aws-sdk/client-s3";
import type { S3Bucket } from "./s3-bucket.ts";

export const COPY_PIECE_BYTES = 256 * 1024 * 1024;
const AT_ONCE = 4;

export type Copy = {
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
  readonly type: string;
  readonly metadata: Record<string, string>;
};

/** The copy is there whole or not at all. */
export async function copyWithin(bucket: S3Bucket, copy: Copy, pieceBytes: number): Promise<void> {
  const facts = { ...bucket.at(copy.to), ContentType: copy.type, Metadata: copy.metadata };
  const source = [bucket.name, ...copy.from.split("/").map(encodeURIComponent)].join("/");
  if (copy.bytes <= pieceBytes) {
    await bucket.client.send(
      new CopyObjectCommand({ ...facts, CopySource: source, MetadataDirective: "REPLACE" }),
    );
    return;
  }
  const { UploadId } = await bucket.client.send(new CreateMultipartUploadCommand(facts));
  const upload = { ...bucket.at(copy.to), UploadId };
  try {
    const parts = await copyPieces(bucket, upload, source, copy.bytes, pieceBytes);
    await bucket.client.send(
      new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } }),
    );
  } catch (error) {
    await bucket.client.send(new AbortMultipartUploadCommand(upload)).catch(() => {});
    throw error;
  }
}

async function copyPieces(
  bucket: S3Bucket,
  upload: { Bucket: string; Key: string; UploadId: string | undefined },
  source: string,
  bytes: number,
  pieceBytes: number,
): Promise<CompletedPart[]> {
  const count = Math.ceil(bytes / pieceBytes);
  const parts: CompletedPart[] = Array.from({ length: count });
  let next = 0;
  const copier = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      const start = index * pieceBytes;
      const end = Math.min(start + pieceBytes, bytes) - 1;
      const { CopyPartResult } = await bucket.client.send(
        new UploadPartCopyCommand({
          ...upload,
          PartNumber: index + 1,
          CopySource: source,
          CopySourceRange: `bytes=${start}-${end}`,
        }),
      );
      parts[index] = { PartNumber: index + 1, ETag: CopyPartResult?.ETag };
    }
  };
  // All have come to an end before what they made is taken away.
  const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, copier));
  const failed = ends.find((end) => end.status === "rejected");
  if (failed) throw failed.reason;
  return parts;
}
