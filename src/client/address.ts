import { TandaError } from "../task/errors.ts";

/** Where a node listens. One port speaks all of it, so each way can be told from the other. */
export type Address = {
  readonly kind: "lines" | "socket";
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  /** WebSocket address. */
  readonly socketUrl: string;
  /** For blobs: scheme, host, port and base path, without a slash at the end. */
  readonly httpUrl: string;
};

const DEFAULT_PORT = 9000;
const SCHEMES: ReadonlyMap<string, { kind: Address["kind"]; isSecure: boolean; port: number }> = new Map([
  ["tanda:", { kind: "lines", isSecure: false, port: DEFAULT_PORT }],
  ["tandas:", { kind: "lines", isSecure: true, port: DEFAULT_PORT }],
  ["ws:", { kind: "socket", isSecure: false, port: 80 }],
  ["http:", { kind: "socket", isSecure: false, port: 80 }],
  ["wss:", { kind: "socket", isSecure: true, port: 443 }],
  ["https:", { kind: "socket", isSecure: true, port: 443 }],
]);

/**
 * "tanda://one:9000,two:9000" (tandas: with TLS), "ws://…", "http://…" (which means its WebSocket), or "host:port".
 * A part after a comma takes the scheme of the part before. @throws bad_request
 */
export function parseAddresses(text: string): Address[] {
  const addresses: Address[] = [];
  let scheme = "tanda://";
  for (const part of text.split(",").map((part) => part.trim())) {
    if (part === "") continue;
    const found = /^[a-z+]+:\/\//i.exec(part);
    if (found) scheme = found[0];
    addresses.push(parseOne(found ? part : scheme + part));
  }
  if (addresses.length === 0) throw refused(text);
  return addresses;
}

function parseOne(text: string): Address {
  const at = text.indexOf("://");
  const scheme = SCHEMES.get(text.slice(0, at + 1).toLowerCase());
  if (!scheme) throw refused(text);
  let url: URL;
  try {
    // Only of well-known schemes does URL check host and port.
    url = new URL(`http${text.slice(at)}`);
  } catch (cause) {
    throw refused(text, cause);
  }
  // "http:" drops its own default port, so a written ":80" reads as "".
  const port = url.port === "" ? (/:80(\/|$)/.test(text.slice(at + 3)) ? 80 : scheme.port) : Number(url.port);
  const base = url.pathname.replace(/\/+$/, "");
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const place = `${url.hostname}:${port}${base}`;
  return {
    kind: scheme.kind,
    host,
    port,
    isSecure: scheme.isSecure,
    socketUrl: `ws${scheme.isSecure ? "s" : ""}://${place}/v1/socket`,
    httpUrl: `http${scheme.isSecure ? "s" : ""}://${place}`,
  };
}

function refused(text: string, cause?: unknown): TandaError {
  return new TandaError("bad_request", `Not an address of Tanda: ${JSON.stringify(text)}`, {
    hint: 'Write "tanda://host:9000" (several with commas between), "ws://host:9000" or "http://host:9000".',
    cause,
  });
}
