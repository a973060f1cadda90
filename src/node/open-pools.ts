import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import { createInlinePool } from "../worker/inline-pool.ts";
import type { Pool } from "../worker/pool.ts";
import { createProcessPool } from "../worker/process-pool.ts";
import type { DataFolder } from "./data-folder.ts";
import type { NodeOptions } from "./options.ts";

/** The pool that runs what comes, and how to make a small one for a suspect. */
export function openPools(
  options: NodeOptions,
  folder: DataFolder,
): { pool: Pool; openQuarantinePool: () => Pool } {
  const { actions } = options;
  if (actions !== null && typeof actions === "object" && !(actions instanceof URL)) {
    const pool = createInlinePool({ actions, threads: options.threads, blobs: folder.blobs });
    return { pool, openQuarantinePool: () => createInlinePool({ actions, threads: 1, blobs: folder.blobs }) };
  }
  const open = (threads: number): Pool =>
    createProcessPool({
      threads,
      actionsFile: actions === null ? null : toUrl(actions),
      memoryMb: options.memoryMb,
      blobs: {
        module: new URL(`./open-blobs${extension}`, import.meta.url).href,
        options: { dir: folder.blobsDir },
      },
      onLog: (line) => options.log.info({ from: "action" }, line),
    });
  return { pool: open(options.threads), openQuarantinePool: () => open(1) };
}

/** This file is .ts in a checkout and .js when published; a module named by a URL is not rewritten by the build. */
const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";

function toUrl(actions: string | URL): string {
  if (actions instanceof URL) return actions.href;
  if (actions.startsWith("file:")) return actions;
  return pathToFileURL(resolve(actions)).href;
}
