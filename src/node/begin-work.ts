import type { ActionInfo } from "../task/task.ts";
import type { Pool } from "../worker/pool.ts";
import type { Pools } from "./open-pools.ts";

/** A pool that is starting. Of all that a start waits for it takes longest: it is begun first, and awaited last. */
export type BegunWork = {
  readonly pool: Pool;
  readonly openQuarantinePool: () => Pool;
  /** Rejects when the actions do not load. */
  readonly infos: Promise<readonly ActionInfo[]>;
};

export function beginWork({ pool, openQuarantinePool }: Pools): BegunWork {
  const infos = pool.start();
  // Whoever waits for it may never come to it.
  infos.catch(() => {});
  return { pool, openQuarantinePool, infos };
}
