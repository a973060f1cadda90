import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { ActionTable } from "../actions/define.ts";
import type { Pool } from "../worker/pool.ts";
import type { DataFolder } from "./data-folder.ts";
import type { NodeOptions } from "./options.ts";

/** The pool that runs what comes, and how to make a small one for a suspect. */
export type Pools = { readonly pool: Pool; readonly openQuarantinePool: () => Pool };

/** Only what is used is loaded: a test of somebody's own starts in milliseconds. */
export async function openPools(options: NodeOptions, folder: DataFolder): Promise<Pools> {
  const { actions } = options;
  if (actions === null || typeof actions === "string" || actions instanceof URL) {
    return openProcessPools(actions, options, folder);
  }
  return openInlinePools(actions, folder);
}

async function openInlinePools(actions: ActionTable, { blobs }: DataFolder): Promise<Pools> {
  const { createInlinePool } = await import("../worker/inline-pool.ts");
  return {
    pool: createInlinePool({ actions, blobs }),
    openQuarantinePool: () => createInlinePool({ actions, blobs }),
  };
}

async function openProcessPools(
  actions: string | URL | null,
  options: NodeOptions,
  folder: DataFolder,
): Promise<Pools> {
  const { createProcessPool } = await import("../worker/process-pool.ts");
  const { log, memoryMb } = options;
  const open = (threads: number): Pool =>
    createProcessPool({
      threads,
      memoryMb,
      actionsFile: actions === null ? null : toPath(actions),
      blobs: {
        module: new URL(`./open-blobs${extension}`, import.meta.url).href,
        options: folder.blobsPlace,
      },
      onLog: ({ stream, text }) => log.info({ from: stream }, text.trimEnd()),
    });
  return { pool: open(options.threads), openQuarantinePool: () => open(1) };
}

/** This file is .ts in a checkout and .js when published; a module named by a URL is not rewritten by the build. */
const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";

function toPath(actions: string | URL): string {
  return actions instanceof URL || actions.startsWith("file:") ? fileURLToPath(actions) : resolve(actions);
}
