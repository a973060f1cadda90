/** Folders in the system's temporary one, for this process alone: they go with it, also when it ends without closing anything. */
import { mkdtempSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";

const folders = new Set<string>();

function removeAll(): void {
  for (const path of folders) rmSync(path, { recursive: true, force: true });
}

/** @param prefix of its path; chance adds the rest. */
export function openTemporaryFolder(prefix: string): { path: string; remove(): Promise<void> } {
  // One listener for all: Node warns of many.
  if (folders.size === 0) process.on("exit", removeAll);
  const path = mkdtempSync(prefix);
  folders.add(path);
  return {
    path,
    async remove() {
      await rm(path, { recursive: true, force: true });
      folders.delete(path);
      if (folders.size === 0) process.off("exit", removeAll);
    },
  };
}
