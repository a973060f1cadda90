import type { Outcomes } from "../engine/outcomes.ts";
import type { Queue } from "../queue/queue.ts";
import type { ActionInfo } from "../task/task.ts";
import type { Pool } from "../worker/pool.ts";
import type { Sharing } from "../worker/worker-options.ts";
import { Worker } from "../worker/worker.ts";
import type { DataFolder } from "./data-folder.ts";
import { openPools } from "./open-pools.ts";
import type { NodeOptions } from "./options.ts";

export type WorkMeans = {
  options: NodeOptions;
  folder: DataFolder;
  queue: Queue;
  sharing: Sharing | null;
  outcomes: Outcomes;
  now: () => number;
};

export type Work = { readonly worker: Worker; readonly pool: Pool; readonly infos: readonly ActionInfo[] };

/** Pool and worker of a node that runs tasks. Rejects when the actions do not load. */
export async function openWork({ options, folder, queue, sharing, outcomes, now }: WorkMeans): Promise<Work> {
  const { pool, openQuarantinePool } = await openPools(options, folder);
  try {
    const infos = await pool.start();
    const worker = new Worker({
      queue,
      store: folder.store,
      pool,
      openQuarantinePool,
      quarantineCells: Math.max(4, options.threads),
      inHandLog: folder.inHandLog,
      sharing,
      observer: outcomes,
      now,
      random: Math.random,
    });
    return { worker, pool, infos };
  } catch (error) {
    await pool.close();
    throw error;
  }
}
