/**
 * Removes finished tasks past their retention, and blobs that nobody refers to. In small bites, so that nothing waits for it;
 * late or dead, the disk fills up to its reserve and then new work is answered `busy`.
 */
import { statfs } from "node:fs/promises";
import type { Blobs } from "../../blobs/blobs.ts";
import type { Store } from "../../store/store.ts";
import { repeat, type Duty } from "./duty.ts";

const TICK_MS = 1000;
const BETWEEN_BITES_MS = 20;
const BLOBS_EVERY = 60;
const BLOBS_A_TIME = 500;
/** A blob may be put long before the task that names it; younger ones are never touched. */
const BLOB_GRACE_MS = 86_400_000;

export type JanitorOptions = {
  store: Pick<Store, "retire" | "referredBlobs" | "size">;
  blobs: Blobs;
  dataDir: string | null;
  retentionMs: number;
  maxFinished: number;
  now: () => number;
  onError: (error: unknown) => void;
};

export function startJanitor(options: JanitorOptions): Duty {
  const life = { isStopped: false };
  let ticks = 0;
  const retire = async (): Promise<void> => {
    const now = options.now();
    const rule = {
      now,
      finishedBefore: now - options.retentionMs,
      maxFinished: options.maxFinished,
      maxBytes: await maxStoreBytes(options),
    };
    while (!life.isStopped && (await options.store.retire(rule)).isMore) {
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_BITES_MS).unref());
    }
  };
  const sweepBlobs = async (): Promise<void> => {
    const before = options.now() - Math.max(options.retentionMs, BLOB_GRACE_MS);
    const old = await options.blobs.old(before, BLOBS_A_TIME);
    if (old.length === 0) return;
    const referred = new Set(await options.store.referredBlobs(old));
    await options.blobs.delete(old.filter((id) => !referred.has(id)));
  };
  const duty = repeat(
    TICK_MS,
    async () => {
      await retire();
      if (++ticks % BLOBS_EVERY === 0) await sweepBlobs();
    },
    options.onError,
  );
  return {
    stop() {
      life.isStopped = true;
      return duty.stop();
    },
  };
}

/** Half of what the disk could give: free space and what the store has already. */
async function maxStoreBytes({ dataDir, store }: JanitorOptions): Promise<number> {
  if (dataDir === null) return Infinity;
  const [{ bavail, bsize }, size] = await Promise.all([statfs(dataDir), store.size()]);
  return (bavail * bsize + size) / 2;
}
