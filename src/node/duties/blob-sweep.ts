/** Deletes blobs that no task refers to any more. One page of ids at a time, so that it never holds many, nor holds others up. */
import type { Blobs } from "../../blobs/blobs.ts";
import type { Store } from "../../store/store.ts";

const PAGE = 500;
const BETWEEN_PAGES_MS = 20;
/** A blob may be put long before the task that names it; younger ones are never touched. */
export const BLOB_GRACE_MS = 86_400_000;

export type BlobSweepOptions = {
  readonly store: Pick<Store, "referredBlobs">;
  readonly blobs: Pick<Blobs, "old" | "delete">;
  readonly now: () => number;
  readonly isStopped: () => boolean;
};

/** Once through all there are. */
export async function sweepBlobs({ store, blobs, now, isStopped }: BlobSweepOptions): Promise<void> {
  const before = now() - BLOB_GRACE_MS;
  let after: string | null = null;
  while (!isStopped()) {
    const old = await blobs.old(before, PAGE, after);
    if (old.length > 0) {
      const referred = new Set(await store.referredBlobs(old));
      // Put again meanwhile, it may be named by a task that the store did not know yet when it was asked.
      await blobs.delete(
        old.filter((id) => !referred.has(id)),
        before,
      );
    }
    if (old.length < PAGE) return;
    after = old.at(-1)!;
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_PAGES_MS).unref());
  }
}
