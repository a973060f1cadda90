/** What a node works on when others work on it too: a store in PostgreSQL, and blobs that all can reach. */
import { join, resolve } from "node:path";
import type { EngineLog } from "../engine/parts.ts";
import { openPostgresStore } from "../store/postgres.ts";
import type { SharedStore } from "../store/shared-store.ts";
import { toTandaError } from "../task/errors.ts";
import { noInHandLog } from "../worker/in-hand-file.ts";
import type { DataFolder } from "./data-folder.ts";
import { openBlobsOfNode, type BlobsPlace } from "./open-blobs.ts";
import { MEMORY } from "./options.ts";

const TRY_FOR_MS = 60_000;
const TRY_EVERY_MS = 1000;

export type SharedPlace = { store: string; data: string; blobs: string | null; log: EngineLog };

/** Waits for the store for a while: processes that start together start in any order. */
export async function openShared(place: SharedPlace): Promise<DataFolder> {
  const shared = await openPatiently(place);
  try {
    const blobsPlace = placeOf(place);
    const blobs = await openBlobsOfNode(blobsPlace);
    return {
      dir: null,
      blobsPlace,
      store: shared,
      shared,
      blobs,
      left: { ids: new Set(), alone: new Set() },
      inHandLog: noInHandLog,
      async [Symbol.asyncDispose]() {
        await blobs.close();
        await shared.close();
      },
    };
  } catch (error) {
    await shared.close();
    throw error;
  }
}

async function openPatiently({ store: url, log }: SharedPlace): Promise<SharedStore> {
  const until = performance.now() + TRY_FOR_MS;
  for (;;) {
    try {
      return await openPostgresStore({
        url,
        env: process.env,
        now: () => performance.now(),
        random: Math.random,
      });
    } catch (error) {
      if (toTandaError(error).code !== "unavailable" || performance.now() > until) throw error;
      log.warn({ error: toTandaError(error).message }, "the store is not there yet; trying again");
      await new Promise((resolve) => setTimeout(resolve, TRY_EVERY_MS));
    }
  }
}

/** A folder that several nodes share belongs to none of them: what is half written in it may be another's. */
function placeOf({ data, blobs }: SharedPlace): BlobsPlace {
  if (blobs?.startsWith("s3:")) return { url: blobs };
  if (blobs !== null) return { dir: resolve(blobs), isShared: true };
  return { dir: join(resolve(data === MEMORY ? "data" : data), "blobs"), isShared: true };
}
