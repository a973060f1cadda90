/**
 * Says whether the node is well: a round trip through the store, and one to the process that runs the tasks; room on the disk. Health is what succeeded in
 * the last few seconds, never what is hoped.
 */
import { statfs } from "node:fs/promises";
import type { Admission } from "../../engine/admission.ts";
import type { Forecast } from "../../engine/forecast.ts";
import type { Recent } from "../../engine/recent.ts";
import type { Store } from "../../store/store.ts";
import type { Pool } from "../../worker/pool.ts";
import { isFinal } from "../../task/state.ts";
import { repeat, type Duty } from "./duty.ts";

const TICK_MS = 1000;
const PROBE_MS = 3000;
const RECENT_TURN_S = 10;

export type HeartbeatOptions = {
  store: Pick<Store, "probe" | "counts">;
  admission: Admission;
  recent: Recent;
  forecast: Forecast;
  /** How many were let in that have no row. */
  unwritten: () => number;
  /** Null for a node that keeps nothing. */
  dataDir: string | null;
  diskReserveBytes: number;
  /** Null where no tasks run. */
  pool: Pick<Pool, "probe"> | null;
  /** What is not well though the node does its work; null when all is. */
  trouble: () => string | null;
  onError: (error: unknown) => void;
};

export async function startHeartbeat(options: HeartbeatOptions): Promise<Duty> {
  const { admission, recent } = options;
  let beats = 0;
  const beat = async (): Promise<void> => {
    if (++beats % RECENT_TURN_S === 0) recent.turn();
    try {
      if (options.dataDir !== null)
        admission.setDiskLow((await freeBytes(options.dataDir)) < options.diskReserveBytes);
      // Together: the store's thread is woken once.
      const [, counts] = await withTimeout(
        Promise.all([options.store.probe(), options.store.counts()]),
        PROBE_MS,
      );
      const sum = { ended: 0, unfinished: options.unwritten() };
      for (const { state, count } of counts) sum[isFinal(state) ? "ended" : "unfinished"] += count;
      options.forecast.beat(performance.now(), counts);
      admission.setCounts(sum.unfinished, sum.ended);
      admission.setStoreAway(false);
    } catch (error) {
      admission.setStoreAway(true);
      return admission.setHealth(false, `The store does not answer: ${messageOf(error)}`);
    }
    try {
      if (options.pool !== null) await withTimeout(options.pool.probe(), PROBE_MS);
    } catch (error) {
      return admission.setHealth(false, `The worker does not answer: ${messageOf(error)}`);
    }
    admission.setHealth(true, options.trouble());
  };
  await beat();
  return repeat(TICK_MS, beat, options.onError);
}

async function freeBytes(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function withTimeout<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
