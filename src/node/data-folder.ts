/** Everything that a node keeps, in one folder: made on the first start, locked against a second process. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Blobs } from "../blobs/blobs.ts";
import { openFileBlobs } from "../blobs/files.ts";
import { openSqliteStore } from "../store/sqlite.ts";
import type { Store } from "../store/store.ts";
import { noInHandLog, openInHandFile, type InHandLog, type LeftInHand } from "../worker/in-hand-file.ts";

export const MEMORY = ":memory:";

export type DataFolder = AsyncDisposable & {
  /** Null for a node that keeps nothing. */
  readonly dir: string | null;
  readonly blobsDir: string;
  readonly store: Store;
  readonly blobs: Blobs;
  readonly left: LeftInHand;
  readonly inHandLog: InHandLog;
};

/** @throws conflict when another process uses the folder, or a newer Tanda wrote it. */
export async function openDataFolder(data: string): Promise<DataFolder> {
  if (data === MEMORY) return openMemory();
  const dir = resolve(data);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const store = await openSqliteStore({ path: join(dir, "tanda.db") });
  const blobsDir = join(dir, "blobs");
  const blobs = await openFileBlobs({ dir: blobsDir });
  // Opened after the store: its lock is held now, so nobody else writes this file.
  const { left, log } = openInHandFile(join(dir, "in-hand"));
  return {
    dir,
    blobsDir,
    store,
    blobs,
    left,
    inHandLog: log,
    async [Symbol.asyncDispose]() {
      await blobs.close();
      await store.close();
    },
  };
}

async function openMemory(): Promise<DataFolder> {
  const blobsDir = await mkdtemp(join(tmpdir(), "tanda-blobs-"));
  const store = await openSqliteStore({ path: MEMORY });
  const blobs = await openFileBlobs({ dir: blobsDir });
  return {
    dir: null,
    blobsDir,
    store,
    blobs,
    left: { ids: new Set(), alone: new Set() },
    inHandLog: noInHandLog,
    async [Symbol.asyncDispose]() {
      await blobs.close();
      await store.close();
      await rm(blobsDir, { recursive: true, force: true });
    },
  };
}
