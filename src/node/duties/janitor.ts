/**
 * Removes finished tasks past their retention, acts and tokens past theirs, and blobs that nobody refers to. In small bites, so that nothing waits for it;
 * late or dead, the disk fills up to its reserve and then new work is answered `busy`.
 */
import { statfs } from "node:fs/promises";
import type { Blobs } from "../../blobs/blobs.ts";
import type { Store } from "../../store/store.ts";
import { sweepBlobs } from "./blob-sweep.ts";
import { repeat, type Duty } from "./duty.ts";

const TICK_MS = 1000;
const BETWEEN_BITES_MS = 20;
/** While more and more is left over, tasks may end as fast as they are deleted: the rests shrink, down to this. */
const LEAST_BETWEEN_BITES_MS = 4;
const SHRINK = 0.9;
/** Where nothing is past its time there is no hurry: millions of kept rows are walked over and over. */
const BETWEEN_LOOKS_MS = 100;
/** Every blob is looked at, so not often; the first time soon, for nodes that never live long. */
const BLOBS_EVERY = 600;
const BLOBS_FIRST = 60;

export type JanitorOptions = {
  store: Pick<Store, "retire" | "referredBlobs" | "size" | "access">;
  blobs: Blobs;
  dataDir: string | null;
  retentionMs: number;
  /** Of the audit log, and of tokens that are over. */
  auditRetentionMs: number;
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
    const restAfter = pace();
    while (!life.isStopped) {
      const { deleted, isMore } = await options.store.retire(rule);
      if (!isMore) return;
      await new Promise((resolve) => setTimeout(resolve, restAfter(deleted)).unref());
    }
  };
  const duty = repeat(
    TICK_MS,
    async () => {
      await retire();
      if (++ticks % BLOBS_EVERY === BLOBS_FIRST) {
        await options.store.access.retireAccess(options.now() - options.auditRetentionMs);
        await sweepBlobs({ ...options, isStopped: () => life.isStopped });
      }
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

/** @returns how many milliseconds to rest after each bite of one round, by how many tasks it deleted. */
export function pace(): (deleted: number) => number {
  let nextMs = BETWEEN_BITES_MS;
  return (deleted) => {
    if (deleted === 0) return BETWEEN_LOOKS_MS;
    const restMs = nextMs;
    nextMs = Math.max(LEAST_BETWEEN_BITES_MS, nextMs * SHRINK);
    return restMs;
  };
}

/** Half of what the disk could give: free space and what the store has already. */
async function maxStoreBytes({ dataDir, store }: JanitorOptions): Promise<number> {
  if (dataDir === null) return Infinity;
  const [{ bavail, bsize }, size] = await Promise.all([statfs(dataDir), store.size()]);
  return (bavail * bsize + size) / 2;
}
