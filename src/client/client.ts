/** The client for Node: `import { connect } from "tanda/client"`. */
import { TandaError } from "../task/errors.ts";
import { parseAddresses, type Address } from "./address.ts";
import { createRemoteCaller, type ConnectOptions } from "./connect-options.ts";
import { createHttpsFetch } from "./https-fetch.ts";
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

export type NodeConnectOptions = ConnectOptions & {
  /** Who signs the node's certificate, in PEM, believed instead of the authorities that Node knows. For tandas:// addresses. */
  ca?: string | undefined;
};

/**
 * A client of the node at `url`: "tanda://host:9000", several with commas between (tried in turn), "ws://…" or "http://…".
 * Connects at the first call and again whenever it must. `await using`, or call `$.close()`, when you need it no more.
 */
export function connect<Actions = unknown>(
  url: string,
  { ca, ...options }: NodeConnectOptions = {},
): Client<Actions> {
  const addresses = parseAddresses(url);
  if (ca !== undefined) checkAuthorities(ca, addresses);
  const transports = addresses.map((address) =>
    address.kind === "lines" ? createTcpTransport(address, ca) : createSocketTransport(address),
  );
  const platform = ca === undefined ? PLATFORM : { ...PLATFORM, fetch: createHttpsFetch(ca) };
  return createClient(createRemoteCaller(addresses, transports, platform, options));
}

/** @throws bad_request: an authority that is not asked would make a connection look safer than it is. */
function checkAuthorities(ca: string, addresses: readonly Address[]): void {
  if (addresses.some(({ kind, isSecure }) => kind !== "lines" || !isSecure))
    throw new TandaError("bad_request", "an authority of one's own is for tandas:// addresses", {
      hint: "Write tandas://HOST:PORT, or name the authority for all of Node: NODE_EXTRA_CA_CERTS=FILE.",
    });
  if (!ca.includes("-----BEGIN CERTIFICATE-----"))
    throw new TandaError("bad_request", "`ca` is not a certificate in PEM form", {
      hint: "Give the text of the file, not its name.",
    });
}

const PLATFORM: Platform = {
  // After the reads of this turn: what their answers set going is gathered, and nothing waits longer for it.
  soon: setImmediate,
  canUploadStreams: true,
  sha256,
};
