/** The client for Node: `import { connect } from "tanda/client"`. */
import { parseAddresses } from "./address.ts";
import { createRemoteCaller, type ConnectOptions } from "./connect-options.ts";
import { createClient } from "./surface.ts";
import { createTcpTransport } from "./tcp.ts";
import type { Client } from "./typed.ts";
import type { Platform } from "./transport.ts";
import { sha256 } from "./hash.ts";
import { createSocketTransport } from "./websocket.ts";

export { TandaError } from "../task/errors.ts";
export { createClient } from "./surface.ts";
export type * from "./caller.ts";
export type * from "./typed.ts";
export type { ConnectOptions } from "./connect-options.ts";

/**
 * A client of the node at `url`: "tanda://host:9000", several with commas between (tried in turn), "ws://…" or "http://…".
 * Connects at the first call and again whenever it must. `await using`, or call `$.close()`, when you need it no more.
 */
export function connect<Actions = unknown>(url: string, options: ConnectOptions = {}): Client<Actions> {
  const addresses = parseAddresses(url);
  const transports = addresses.map((address) =>
    address.kind === "lines" ? createTcpTransport(address) : createSocketTransport(address),
  );
  return createClient(createRemoteCaller(addresses, transports, PLATFORM, options));
}

const PLATFORM: Platform = {
  // After the reads of this turn: what their answers set going is gathered, and nothing waits longer for it.
  soon: setImmediate,
  canUploadStreams: true,
  sha256,
};
