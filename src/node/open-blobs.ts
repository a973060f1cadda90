/** Where a node's blobs are. Also loaded by threads of the pool, which know blobs by their contract only. */
import type { Blobs } from "../blobs/blobs.ts";
import { openFileBlobs } from "../blobs/files.ts";

/** A folder of the node's, or a bucket; its credentials are in the environment, which the pool's processes inherit. */
export type BlobsPlace = { readonly dir: string; readonly isShared?: true } | { readonly url: string };

/** For a thread: the node has the folder, and has asked for the bucket. */
export function openBlobs(place: BlobsPlace): Promise<Blobs> {
  return openAt(place, false);
}

export function openBlobsOfNode(place: BlobsPlace): Promise<Blobs> {
  return openAt(place, true);
}

/** Only what is used is loaded. */
async function openAt(place: BlobsPlace, isOwner: boolean): Promise<Blobs> {
  if ("dir" in place) return openFileBlobs({ dir: place.dir, isOwner: isOwner && !place.isShared });
  const { openS3Blobs } = await import("../blobs/s3.ts");
  return openS3Blobs({ url: place.url, isChecked: isOwner });
}
