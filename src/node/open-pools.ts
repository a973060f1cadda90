import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { ActionTable } from "../actions/define.ts";
import type { Blobs } from "../blobs/blobs.ts";
import type { ObserverModule } from "../worker/actions-observer.ts";
import type { Pool } from "../worker/pool.ts";
import type { BlobsPlace } from "./open-blobs.ts";
import type { NodeOptions } from "./options.ts";

/** The pool that runs what comes, and how to make a small one for a suspect. */
export type Pools = { readonly pool: Pool; readonly openQuarantinePool: () => Pool };

/** What `tanda dev --chaos` puts around the pools of a node, and in front of its actions. */
export type PoolTrouble = { readonly observer: ObserverModule; readonly around: (pool: Pool) => Pool };

/** For actions that run right here. Only what is used is loaded: a test of somebody's own starts in milliseconds. */
export async function openInlinePools(actions: ActionTable, blobs: Blobs): Promise<Pools> {
  const { createInlinePool } = await import("../worker/inline-pool.ts");
  return {
    pool: createInlinePool({ actions, blobs }),
    openQuarantinePool: () => createInlinePool({ actions, blobs }),
  };
}

/** For actions that run in processes of their own. @returns what makes the pools once it is known where the blobs are. */
export async function loadProcessPools(
  actions: string | URL | null,
  { log, memoryMb, threads }: Pick<NodeOptions, "log" | "memoryMb" | "threads">,
  trouble: PoolTrouble | null,
): Promise<(blobsPlace: BlobsPlace) => Pools> {
  const { createProcessPool } = await import("../worker/process-pool.ts");
  return (blobsPlace) => {
    const open = (threads: number): Pool => {
      const pool = createProcessPool({
        threads,
        memoryMb,
        actionsFile: actions === null ? null : toPath(actions),
        blobs: {
          module: new URL(`./open-blobs${extension}`, import.meta.url).href,
          options: blobsPlace,
        },
        observer: trouble?.observer,
        onLog: ({ stream, text }) => log.info({ from: stream }, text.trimEnd()),
      });
      return trouble === null ? pool : trouble.around(pool);
    };
    return { pool: open(threads), openQuarantinePool: () => open(1) };
  };
}

/** This file is .ts in a checkout and .js when published; a module named by a URL is not rewritten by the build. */
const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";

function toPath(actions: string | URL): string {
  return actions instanceof URL || actions.startsWith("file:") ? fileURLToPath(actions) : resolve(actions);
}
