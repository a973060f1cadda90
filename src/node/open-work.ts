import type { Outcomes } from "../engine/outcomes.ts";
import type { Queue } from "../queue/queue.ts";
import type { Store } from "../store/store.ts";
import type { ActionInfo } from "../task/task.ts";
import type { InHandLog } from "../worker/in-hand-file.ts";
import type { Pool } from "../worker/pool.ts";
import type { Sharing } from "../worker/worker-options.ts";
import { Worker } from "../worker/worker.ts";
import type { BegunWork } from "./begin-work.ts";
import type { NodeOptions } from "./options.ts";

export type WorkMeans = {
  begun: BegunWork;
  options: Pick<NodeOptions, "threads">;
  store: Store;
  inHandLog: InHandLog;
  queue: Queue;
  sharing: Sharing | null;
  outcomes: Outcomes;
  now: () => number;
};

export type Work = { readonly worker: Worker; readonly pool: Pool; readonly infos: readonly ActionInfo[] };

/** Pool and worker of a node that runs tasks. Rejects when the actions do not load. */
export async function openWork({
  begun,
  options,
  store,
  inHandLog,
  queue,
  sharing,
  outcomes,
  now,
}: WorkMeans): Promise<Work> {
  const { pool, openQuarantinePool } = begun;
  const infos = await begun.infos;
  const worker = new Worker({
    queue,
    store,
    pool,
    openQuarantinePool,
    quarantineCells: Math.max(4, options.threads),
    inHandLog,
    sharing,
    observer: outcomes,
    now,
    random: Math.random,
  });
  return { worker, pool, infos };
}
