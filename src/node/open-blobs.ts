/** Loaded by threads of the pool, which know blobs by their contract only. The folder is the node's. */
import type { Blobs } from "../blobs/blobs.ts";
import { openFileBlobs } from "../blobs/files.ts";

export function openBlobs(options: { dir: string }): Promise<Blobs> {
  return openFileBlobs({ ...options, isOwner: false });
}
