/** The package's front door for Node: run a node inside your program, define actions, talk to a node elsewhere. */
export { defineActions } from "./actions/define.ts";
export type * from "./actions/define.ts";
export { connect, createClient } from "./client/client.ts";
export type { Client, ConnectOptions } from "./client/client.ts";
export { startNode, type TandaNode } from "./node/start-node.ts";
export type { NodeOptions } from "./node/options.ts";
export { ERROR_CODES, TandaError, type ErrorBody, type ErrorCode } from "./task/errors.ts";
