/** Where a gateway listens, and the rule that it is never open by accident. */
import { BlockList, isIP } from "node:net";
import { TandaError } from "../task/errors.ts";

export type ListenAddress = {
  readonly host: string;
  readonly port: number;
  /** Every connection must begin with a PROXY header. */
  readonly proxy: boolean;
  /**
   * Where there is a certificate: TLS alone, or plain text beside it. By default plain text is taken from this machine, and from
   * the balancer of a `proxy` listener.
   */
  readonly speaks?: "tls" | "plain";
};

const MARKS: readonly string[] = ["proxy", "tls", "plain"];

/** "9000", "127.0.0.1:9000", "[::1]:9000", "localhost:9000", each also with ",proxy", ",tls" or ",plain". @throws bad_request */
export function parseListen(text: string): ListenAddress {
  const [address = "", ...marks] = text.trim().split(",");
  const match = /^(?:(\[[0-9a-fA-F:.]+\]|[^:[\]\s]*):)?(\d{1,5})$/.exec(address);
  const port = Number(match?.[2]);
  const host = (match?.[1] ?? "").replace(/^\[|\]$/g, "");
  const marksAreKnown = marks.every((mark, at) => MARKS.includes(mark) && marks.indexOf(mark) === at);
  const speaks = marks.includes("tls") ? "tls" : marks.includes("plain") ? "plain" : null;
  const isBoth = speaks === "tls" && marks.includes("plain");
  if (
    !match ||
    port > 65_535 ||
    !marksAreKnown ||
    isBoth ||
    (match[1]?.startsWith("[") && isIP(host) !== 6)
  ) {
    throw new TandaError("bad_request", `this is not an address to listen on: ${JSON.stringify(text)}`, {
      hint: "Write 127.0.0.1:9000, [::1]:9000 or 9000, with ,proxy behind it when a balancer sends a PROXY header, with ,tls for TLS alone or ,plain for plain text beside it.",
    });
  }
  return {
    host: host === "" ? "127.0.0.1" : host,
    port,
    proxy: marks.includes("proxy"),
    ...(speaks === null ? {} : { speaks }),
  };
}

export function formatAddress(address: { host: string; port: number }): string {
  return isIP(address.host) === 6 ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

export function isLoopback(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return host.toLowerCase() === "localhost";
  return loopback.check(host, family === 6 ? "ipv6" : "ipv4");
}

/** @throws bad_request where nobody could ever be let in. */
export function checkSpeaks(addresses: readonly ListenAddress[], hasCertificate: boolean): void {
  const closed = hasCertificate ? undefined : addresses.find(({ speaks }) => speaks === "tls");
  if (closed)
    throw new TandaError(
      "bad_request",
      `${formatAddress(closed)} takes TLS alone, and there is no certificate`,
      {
        hint: "Give --tls-cert and --tls-key, or leave ,tls out.",
      },
    );
}

const SHORTEST_TOKEN = 16;

/** @throws bad_request */
export function checkListen(addresses: readonly ListenAddress[], token: string | null): void {
  if (addresses.length === 0) {
    throw new TandaError("bad_request", "there is no address to listen on", {
      hint: "Give --listen 127.0.0.1:9000.",
    });
  }
  const open = addresses.find((address) => !isLoopback(address.host));
  if (open && token !== null && token.length < SHORTEST_TOKEN) {
    throw new TandaError("bad_request", `the token is shorter than ${SHORTEST_TOKEN} characters`, {
      hint: "Make one with: openssl rand -hex 24",
    });
  }
}

export type NeedsToken = {
  readonly listen: readonly ListenAddress[];
  readonly token: string | null;
  readonly requireToken: boolean;
};

/** Whether whoever comes must show a token: one rule for all listeners, since what is open on one of them would be open. */
export function needsToken({ listen, token, requireToken }: NeedsToken): boolean {
  return token !== null || requireToken || listen.some(({ host }) => !isLoopback(host));
}

/**
 * A token is needed and there is none: nobody could use the node, and it does not open itself to everybody instead.
 * @param place what the command line says of the store: "--data DIR", "--store URL"; null where nothing is kept.
 */
export function noToken(listen: readonly ListenAddress[], place: string | null): TandaError {
  const open = listen.find((address) => !isLoopback(address.host));
  const why = open
    ? `${formatAddress(open)} can be reached from other machines, and there is no token`
    : "--require-token, and there is no token";
  const hint =
    place === null
      ? 'Give one that may do all in the environment: TANDA_TOKEN="$(openssl rand -hex 24)"'
      : [
          "Make one that may do all, and start again:",
          `  tanda token create --all ${place}`,
          "or one that may do a little, for a browser or a phone:",
          `  tanda token create --actions upper,resize --max-bytes 4k --rate 10/s --expires 7d ${place}`,
          "Or give one in TANDA_TOKEN, or listen on 127.0.0.1.",
        ].join("\n");
  return new TandaError("bad_request", why, { hint });
}
