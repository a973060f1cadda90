/** One running node: what it is told is checked, what it keeps is opened, and its rooms are put together. */
import { availableParallelism } from "node:os";
import { checkPeers } from "../cluster/peer-addresses.ts";
import { withLimits } from "../gateway/limits.ts";
import { checkListen, parseListen } from "../gateway/listen.ts";
import { assemble, type TandaNode } from "./assemble.ts";
import { openDataFolder } from "./data-folder.ts";
import { openShared } from "./open-shared.ts";
import { DEFAULT_OPTIONS, type NodeOptions } from "./options.ts";
import { checkSharing } from "./sharing-flags.ts";

export type { TandaNode } from "./assemble.ts";

/** Opens a node. Rejects when the folder is in use, the actions do not load, or an address cannot be had. */
export async function startNode<Actions = unknown>(
  given: Partial<NodeOptions> = {},
): Promise<TandaNode<Actions>> {
  const options: NodeOptions = { threads: availableParallelism(), ...DEFAULT_OPTIONS, ...given };
  const listen = options.listen.map((address) =>
    typeof address === "string" ? parseListen(address) : address,
  );
  // What is wrong with these is told before anything that was left behind begins to run.
  if (listen.length > 0) checkListen(listen, options.token);
  withLimits(options.limits);
  checkPeers(options.node, options.peers);
  checkSharing(options);
  const { store, data, blobs, log } = options;
  const folder =
    store === null ? await openDataFolder(data, blobs) : await openShared({ store, data, blobs, log });
  try {
    return await assemble<Actions>({ ...options, listen }, folder);
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
}
