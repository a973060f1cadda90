import { fileURLToPath } from "node:url";
import { createProcessPool, type ProcessPoolOptions } from "../../src/worker/process-pool.ts";
import type { Pool } from "../../src/worker/pool.ts";

export const ACTIONS = fileURLToPath(new URL("./fixtures/actions.ts", import.meta.url));

/** Two threads with the fixture's actions, unless told otherwise. */
export function openProcessPool(options: Partial<ProcessPoolOptions> = {}): Pool {
  return createProcessPool({ threads: 2, actionsFile: ACTIONS, memoryMb: 128, onLog: () => {}, ...options });
}
