/** Everything that a node keeps, in one folder: made on the first start, locked against a second process. */
import { access, constants, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Blobs } from "../blobs/blobs.ts";
import { openFileBlobs } from "../blobs/files.ts";
import { openSqliteStore } from "../store/sqlite.ts";
import type { Store } from "../store/store.ts";
import { TandaError } from "../task/errors.ts";
import { noInHandLog, openInHandFile, type InHandLog, type LeftInHand } from "../worker/in-hand-file.ts";
import { openTemporaryFolder } from "../worker/temporary-folder.ts";

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

/** @throws conflict when another process uses the folder, or a newer Tanda wrote it; bad_request when it cannot be one. */
export async function openDataFolder(data: string): Promise<DataFolder> {
  if (data === MEMORY) return openMemory();
  const dir = resolve(data);
  await makeFolder(dir);
  const store = await openSqliteStore({ path: join(dir, "tanda.db") });
  try {
    return await openBeside(store, dir);
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function makeFolder(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await access(dir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new TandaError(
      "bad_request",
      `The data folder ${dir} cannot be made or written: ${(cause as Error).message}`,
      { hint: "Name another folder with --data, or :memory: to keep nothing.", cause },
    );
  }
}

async function openBeside(store: Store, dir: string): Promise<DataFolder> {
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
  const folder = openTemporaryFolder(join(tmpdir(), "tanda-blobs-"));
  const store = await openSqliteStore({ path: MEMORY });
  const blobs = await openFileBlobs({ dir: folder.path });
  return {
    dir: null,
    blobsDir: folder.path,
    store,
    blobs,
    left: { ids: new Set(), alone: new Set() },
    inHandLog: noInHandLog,
    async [Symbol.asyncDispose]() {
      await blobs.close();
      await store.close();
      await folder.remove();
    },
  };
}
