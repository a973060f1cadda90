/** The client for browsers: `import { connect } from "tanda/client"`. Imports nothing but its own files. */
import { parseAddresses } from "./address.ts";
import { createRemoteCaller, type ConnectOptions } from "./connect-options.ts";
import { createClient } from "./surface.ts";
import type { Client } from "./typed.ts";
import type { Platform } from "./transport.ts";
import { createSocketTransport } from "./websocket.ts";

export { TandaError } from "../task/errors.ts";
export type * from "./caller.ts";
export type * from "./typed.ts";
export type { ConnectOptions } from "./connect-options.ts";

/** A client of the node at `url`, over its WebSocket; by default of the node this page came from. */
export function connect<Actions = unknown>(
  url: string = (globalThis as { location?: { origin: string } }).location?.origin ?? "",
  options: ConnectOptions = {},
): Client<Actions> {
  const addresses = parseAddresses(url);
  return createClient(createRemoteCaller(addresses, addresses.map(createSocketTransport), PLATFORM, options));
}

const PLATFORM: Platform = {
  // Not queueMicrotask itself: browsers refuse to run it as a method of another object.
  soon: (task) => queueMicrotask(task),
  canUploadStreams: false,
  sha256: async (bytes) => {
    // Pages that came without TLS have no `subtle`.
    const { subtle } = globalThis.crypto as Partial<Crypto>;
    if (!subtle || bytes.size > MOST_HASHED_BYTES) return null;
    const hash = new Uint8Array(await subtle.digest("SHA-256", await bytes.arrayBuffer()));
    return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
  },
};

/** All at once is the only way that browsers hash. */
const MOST_HASHED_BYTES = 256 * 1024 * 1024;
