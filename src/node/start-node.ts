/**
 * One running node: what it is told is checked, what it keeps is opened, and its rooms are put together. What runs beside us, the
 * store's thread and the pool's process, is begun before the rest of our own files is read.
 */
import { availableParallelism } from "node:os";
import { setImmediate as turn } from "node:timers/promises";
import type { ActionTable } from "../actions/define.ts";
import { checkPeers } from "../cluster/peer-addresses.ts";
import { withLimits } from "../gateway/limits.ts";
import { checkListen, checkSpeaks, parseListen } from "../gateway/listen.ts";
import type { TandaNode } from "./assemble.ts";
import { checkAnyToken, checkPlaceOfTokens } from "./any-token.ts";
import { beginWork, type BegunWork } from "./begin-work.ts";
import { openDataFolder, type DataFolder } from "./data-folder.ts";
import { checkClusterSecret } from "./cluster-secret.ts";
import { loadGateway } from "./open-gateway.ts";
import { loadProcessPools, openInlinePools, type Pools, type PoolTrouble } from "./open-pools.ts";
import { DEFAULT_OPTIONS, type CheckedOptions, type NodeOptions } from "./options.ts";
import { checkSharing } from "./sharing-flags.ts";

export type { TandaNode } from "./assemble.ts";

/**
 * Opens a node. Rejects when the folder is in use, the actions do not load, or an address cannot be had.
 * @param trouble for actions in a file; null, as nearly always: they run undisturbed.
 */
export async function startNode<Actions = unknown>(
  given: Partial<NodeOptions> = {},
  trouble: PoolTrouble | null = null,
): Promise<TandaNode<Actions>> {
  const told: NodeOptions = { threads: availableParallelism(), ...DEFAULT_OPTIONS, ...given };
  const listen = told.listen.map((address) => (typeof address === "string" ? parseListen(address) : address));
  // What is wrong with these is told before anything that was left behind begins to run.
  if (listen.length > 0) checkListen(listen, told.token);
  checkSpeaks(listen, told.tls !== null);
  withLimits(told.limits);
  checkPeers(told.node, told.peers);
  checkSharing(told);
  const options: CheckedOptions = { ...told, listen };
  checkClusterSecret(options);
  checkPlaceOfTokens(options);
  if (told.store !== null || told.blobs !== null) {
    const { checkDefaultPasswords } = await import("./default-passwords.ts");
    checkDefaultPasswords(told, process.env);
  }
  await using failed = new AsyncDisposableStack();
  const { folder, begun } = await open(options, trouble, failed);
  await checkAnyToken(options, folder.store);
  const { assemble } = await import("./assemble.ts");
  const node = await assemble<Actions>(options, folder, begun);
  failed.move();
  return node;
}

type Opened = { readonly folder: DataFolder; readonly begun: BegunWork | null };

/** @param failed closes what was opened, should the start fail. */
async function open(
  options: CheckedOptions,
  trouble: PoolTrouble | null,
  failed: AsyncDisposableStack,
): Promise<Opened> {
  const { store, data, blobs, log, actions, roles } = options;
  const isWorker = roles.includes("worker");
  const inline = isActionTable(actions) ? actions : null;
  const makePools =
    isWorker && !isActionTable(actions) ? await loadProcessPools(actions, options, trouble) : null;
  let begun: BegunWork | null = null;
  const begin = (pools: Pools): void => {
    const { pool } = (begun = beginWork(pools));
    failed.defer(() => pool.close());
  };
  const opening =
    store === null
      ? openDataFolder(
          data,
          blobs,
          (blobsPlace) => makePools && begin(makePools(blobsPlace)),
          (task, why) => log.error({ task, why }, "a task's row is damaged; it was set aside"),
        )
      : import("./open-shared.ts").then(({ openShared }) => openShared({ store, data, blobs, log }));
  opening.catch(() => {});
  // Once more around: then thread and process are there, and start while we read on.
  await turn();
  const loading = Promise.all([import("./assemble.ts"), options.listen.length > 0 ? loadGateway() : null]);
  loading.catch(() => {});
  const folder = failed.use(await opening);
  await loading;
  if (isWorker && begun === null) {
    begin(makePools ? makePools(folder.blobsPlace) : await openInlinePools(inline!, folder.blobs));
  }
  return { folder, begun };
}

function isActionTable(actions: NodeOptions["actions"]): actions is ActionTable {
  return actions !== null && typeof actions !== "string" && !(actions instanceof URL);
}
