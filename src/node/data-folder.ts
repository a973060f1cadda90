/** Everything that a node keeps, in one folder: made on the first start, locked against a second process. Blobs may be elsewhere. */
import { accessSync, constants, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Blobs } from "../blobs/blobs.ts";
import type { OnSpoilt } from "../store/spoilt-row.ts";
import { openSqliteStore } from "../store/sqlite.ts";
import type { SharedStore } from "../store/shared-store.ts";
import type { Store } from "../store/store.ts";
import { TandaError } from "../task/errors.ts";
import { openBlobsOfNode, type BlobsPlace } from "./open-blobs.ts";
import { noInHandLog, openInHandFile, type InHandLog, type LeftInHand } from "../worker/in-hand-file.ts";
import { openTemporaryFolder } from "../worker/temporary-folder.ts";
import { MEMORY } from "./options.ts";

/** The store of a folder. */
export const DATABASE = "tanda.db";

export type DataFolder = AsyncDisposable & {
  /** Null for a node that keeps nothing. */
  readonly dir: string | null;
  readonly blobsPlace: BlobsPlace;
  readonly store: Store;
  /** The store, where others use it too. */
  readonly shared: SharedStore | null;
  readonly blobs: Blobs;
  readonly left: LeftInHand;
  readonly inHandLog: InHandLog;
};

/**
 * @param bucket address of the blobs; null: they are in the folder.
 * @param onSpoilt told of each task whose row is damaged, and was set aside.
 * @param onOurs called before this returns its promise, with nobody else in the folder, while the store is still being opened.
 * @throws conflict when another process uses the folder, or a newer Tanda wrote it; bad_request when it cannot be one.
 */
export async function openDataFolder(
  data: string,
  bucket: string | null,
  onOurs: (blobsPlace: BlobsPlace) => void = () => {},
  onSpoilt: OnSpoilt = () => {},
): Promise<DataFolder> {
  if (data === MEMORY) return openMemory(bucket, onOurs);
  const dir = resolve(data);
  makeFolder(dir);
  const blobsPlace = bucket === null ? { dir: join(dir, "blobs") } : { url: bucket };
  const store = await openSqliteStore({ path: join(dir, DATABASE) }, () => onOurs(blobsPlace), onSpoilt);
  try {
    return await openBeside(store, dir, blobsPlace);
  } catch (error) {
    await store.close();
    throw error;
  }
}

function makeFolder(dir: string): void {
  try {
    mkdirSync(dirname(dir), { recursive: true });
    // Only this one is ours alone: what lies above may be somebody's home.
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new TandaError(
      "bad_request",
      `The data folder ${dir} cannot be made or written: ${(cause as Error).message}`,
      { hint: "Name another folder with --data, or :memory: to keep nothing.", cause },
    );
  }
}

async function openBeside(store: Store, dir: string, blobsPlace: BlobsPlace): Promise<DataFolder> {
  const blobs = await openBlobsOfNode(blobsPlace);
  // Opened after the store: its lock is held now, so nobody else writes this file.
  const { left, log } = openInHandFile(join(dir, "in-hand"));
  return {
    dir,
    blobsPlace,
    store,
    shared: null,
    blobs,
    left,
    inHandLog: log,
    async [Symbol.asyncDispose]() {
      await blobs.close();
      await store.close();
    },
  };
}

async function openMemory(
  bucket: string | null,
  onOurs: (blobsPlace: BlobsPlace) => void,
): Promise<DataFolder> {
  const folder = bucket === null ? openTemporaryFolder(join(tmpdir(), "tanda-blobs-")) : null;
  const blobsPlace = folder ? { dir: folder.path } : { url: bucket! };
  onOurs(blobsPlace);
  const blobs = await openBlobsOfNode(blobsPlace);
  const store = await openSqliteStore({ path: MEMORY });
  return {
    dir: null,
    blobsPlace,
    store,
    shared: null,
    blobs,
    left: { ids: new Set(), alone: new Set() },
    inHandLog: noInHandLog,
    async [Symbol.asyncDispose]() {
      await blobs.close();
      await store.close();
      await folder?.remove();
    },
  };
}
