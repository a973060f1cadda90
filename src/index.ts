/**
 * The package's front door for Node: run a node inside your program, define actions, talk to a node elsewhere.
 * The node itself is loaded when it is started: files of actions import this too, in every thread.
 */
import type { NodeOptions } from "./node/options.ts";
import type { TandaNode } from "./node/start-node.ts";

export { defineActions } from "./actions/define.ts";
export type * from "./actions/define.ts";
export { connect, createClient } from "./client/client.ts";
export type { Client, ConnectOptions } from "./client/client.ts";
export { ERROR_CODES, TandaError, type ErrorBody, type ErrorCode } from "./task/errors.ts";
export type { NodeOptions, TandaNode };

/** Opens a node. Rejects when the folder is in use, the actions do not load, or an address cannot be had. */
export async function startNode<Actions = unknown>(
  options: Partial<NodeOptions> = {},
): Promise<TandaNode<Actions>> {
  const node = await import("./node/start-node.ts");
  return node.startNode<Actions>(options);
}
