/** What a balancer is told, the same for all kinds: read from texts, checked once, with the flags' help beside it. */
import { isIP } from "node:net";
import { parseListen, type ListenAddress } from "../gateway/listen.ts";
import { parseDuration } from "../task/duration.ts";
import { TandaError } from "../task/errors.ts";

export const BALANCERS = ["haproxy", "nginx", "builtin"] as const;
export type BalancerKind = (typeof BALANCERS)[number];

export type Place = Pick<ListenAddress, "host" | "port">;

export type BalancerOptions = {
  readonly listen: Place;
  readonly nodes: readonly Place[];
  /** Tells nodes who the client is, with a PROXY header: their listeners must be marked so. */
  readonly isProxy: boolean;
  readonly connections: number;
  readonly addressConnections: number;
  readonly connectMs: number;
  readonly idleMs: number;
  readonly checkMs: number;
  /** Whether clients of a node that fails its checks are cut off. */
  readonly cutsWhenDown: boolean;
  /** PEM files, on the balancer's machine: TLS ends at the balancer. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  /** Where HAProxy's admin socket is. */
  readonly admin: string | null;
  /** nginx's stream module; null when it is built in. */
  readonly module: string | null;
};

export const DEFAULT_BALANCER: Omit<BalancerOptions, "nodes"> = {
  listen: { host: "127.0.0.1", port: 9000 },
  isProxy: true,
  connections: 5000,
  addressConnections: 4000,
  connectMs: 2000,
  idleMs: 3_600_000,
  checkMs: 1000,
  cutsWhenDown: false,
  tls: null,
  admin: null,
  module: "/usr/lib/nginx/modules/ngx_stream_module.so",
};

type Draft = { -readonly [Name in keyof BalancerOptions]?: BalancerOptions[Name] } & {
  cert?: string;
  key?: string;
};

export type BalancerFlag = {
  readonly name: string;
  readonly value: string;
  /** Shown to a person. */
  readonly default: string;
  readonly says: string;
  /** For whom it means something. */
  readonly kinds: readonly BalancerKind[];
  readonly apply: (draft: Draft, text: string) => void;
};

export const BALANCER_FLAGS: readonly BalancerFlag[] = [
  {
    name: "nodes",
    value: "ADDRS",
    default: "must be given",
    says: "the nodes behind it, with commas between: 10.0.0.1:9001,10.0.0.2:9001",
    kinds: BALANCERS,
    apply: (draft, text) => (draft.nodes = parseNodes(text)),
  },
  {
    name: "listen",
    value: "ADDR",
    default: "127.0.0.1:9000",
    says: "where clients find it",
    kinds: BALANCERS,
    apply: (draft, text) => (draft.listen = parsePlace(text, "listen")),
  },
  {
    name: "proxy",
    value: "on|off",
    default: "on",
    says: "tell nodes the client's address; they must listen with ADDR,proxy",
    kinds: BALANCERS,
    apply: (draft, text) => (draft.isProxy = oneOf("proxy", text, ["on", "off"]) === "on"),
  },
  {
    name: "connections",
    value: "N",
    default: "5000",
    says: "connections at once",
    kinds: BALANCERS,
    apply: (draft, text) => (draft.connections = whole("connections", text, 1_000_000)),
  },
  {
    name: "address-connections",
    value: "N",
    default: "4000",
    says: "connections at once from one address; one more is closed",
    kinds: BALANCERS,
    apply: (draft, text) => (draft.addressConnections = whole("address-connections", text, 1_000_000)),
  },
  {
    name: "connect-timeout",
    value: "TIME",
    default: "2s",
    says: "how long a node may take to accept a connection before the next is tried",
    kinds: BALANCERS,
    apply: (draft, text) => (draft.connectMs = duration("connect-timeout", text)),
  },
  {
    name: "idle",
    value: "TIME",
    default: "1h",
    says: "how long a connection may be silent; not less than the nodes' --max-idle, or than the longest task",
    kinds: BALANCERS,
    apply: (draft, text) => (draft.idleMs = duration("idle", text)),
  },
  {
    name: "check",
    value: "TIME",
    default: "1s",
    says: "how often each node is asked PING",
    kinds: ["haproxy", "builtin"],
    apply: (draft, text) => (draft.checkMs = duration("check", text)),
  },
  {
    name: "when-down",
    value: "keep|cut",
    default: "keep",
    says: "what becomes of the connections of a node that fails its checks; a node that drains does not fail them",
    kinds: ["haproxy"],
    apply: (draft, text) => (draft.cutsWhenDown = oneOf("when-down", text, ["keep", "cut"]) === "cut"),
  },
  {
    name: "tls-cert",
    value: "FILE",
    default: "none",
    says: "certificate (PEM): TLS ends here, and only TLS is spoken; without it TLS passes through to the nodes",
    kinds: ["haproxy", "nginx"],
    apply: (draft, text) => (draft.cert = file("tls-cert", text)),
  },
  {
    name: "tls-key",
    value: "FILE",
    default: "none",
    says: "key of the certificate (PEM); HAProxy finds it only as the certificate's name with .key behind it",
    kinds: ["haproxy", "nginx"],
    apply: (draft, text) => (draft.key = file("tls-key", text)),
  },
  {
    name: "admin",
    value: "FILE",
    default: "none",
    says: "an admin socket of HAProxy, to look at it and take nodes out by hand",
    kinds: ["haproxy"],
    apply: (draft, text) => (draft.admin = file("admin", text)),
  },
  {
    name: "module",
    value: "FILE|none",
    default: "Debian's",
    says: "nginx's stream module; none when it is built in, as in nginx.org's packages",
    kinds: ["nginx"],
    apply: (draft, text) => (draft.module = text === "none" ? null : file("module", text)),
  },
];

/** @throws bad_request saying which flag is wrong. */
export function readBalancerFlags(
  kind: BalancerKind,
  text: (name: string) => string | undefined,
): BalancerOptions {
  const draft: Draft = {};
  for (const flag of BALANCER_FLAGS) {
    const given = text(flag.name);
    if (given === undefined) continue;
    if (!flag.kinds.includes(kind)) throw wrong(`--${flag.name} means nothing to ${kind}`);
    flag.apply(draft, given.trim());
  }
  const { cert, key, nodes, ...rest } = draft;
  if (nodes === undefined) {
    throw wrong("--nodes is missing", "--nodes 127.0.0.1:9001,127.0.0.1:9002,127.0.0.1:9003");
  }
  const options: BalancerOptions = { ...DEFAULT_BALANCER, ...rest, nodes, tls: readTls(kind, cert, key) };
  const own = nodes.find(({ host, port }) => host === options.listen.host && port === options.listen.port);
  if (own) throw wrong("--nodes names the address of --listen: it would call itself");
  return options;
}

function readTls(
  kind: BalancerKind,
  cert: string | undefined,
  key: string | undefined,
): BalancerOptions["tls"] {
  if (cert === undefined) {
    if (key !== undefined) throw wrong("--tls-key comes with --tls-cert");
    return null;
  }
  if (kind === "haproxy") {
    if (key !== undefined && key !== `${cert}.key`) {
      throw wrong(`HAProxy looks for the key in the certificate's file or in ${cert}.key, not in ${key}`);
    }
    return { cert, key: key ?? cert };
  }
  if (key === undefined) throw wrong("--tls-cert comes with --tls-key");
  return { cert, key };
}

function parseNodes(text: string): Place[] {
  const nodes = text.split(",").map((part) => parsePlace(part, "nodes"));
  const seen = new Set(nodes.map(({ host, port }) => `${host} ${port}`));
  if (seen.size < nodes.length) throw wrong("--nodes names one twice");
  return nodes;
}

/** A host goes into a configuration as it stands, so it must be nothing but a host. */
function parsePlace(text: string, flag: string): Place {
  const hint = flag === "nodes" ? "write HOST:PORT, several with commas between" : "write HOST:PORT or PORT";
  let place: ListenAddress;
  try {
    place = parseListen(text);
  } catch (cause) {
    throw wrong(`--${flag}: not an address: ${JSON.stringify(text)}`, hint, cause);
  }
  const isHost = isIP(place.host) !== 0 || /^[a-z\d](?:[a-z\d.-]*[a-z\d])?$/i.test(place.host);
  if (!isHost || place.proxy || (place.port === 0 && flag === "nodes")) {
    throw wrong(`--${flag}: not an address: ${JSON.stringify(text)}`, hint);
  }
  return { host: place.host, port: place.port };
}

/** Goes into a configuration as one word. */
function file(flag: string, text: string): string {
  if (!/^\/[\w./@+:-]*[\w@+-]$/.test(text)) {
    throw wrong(`--${flag} is the full path of a file without spaces, not ${JSON.stringify(text)}`);
  }
  return text;
}

function duration(flag: string, text: string): number {
  const ms = parseDuration(/^\d+$/.test(text) ? Number(text) : text, `--${flag}`);
  // Beyond it, timers of 32 bits go round.
  if (ms < 50 || ms > 24 * 86_400_000) throw wrong(`--${flag} is from 50ms to 24d, not ${text}`);
  return ms;
}

function whole(flag: string, text: string, max: number): number {
  const value = Number(text.replaceAll("_", ""));
  if (text !== "" && Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw wrong(`--${flag} is a whole number from 1 to ${max}, not ${JSON.stringify(text)}`);
}

function oneOf<const Word extends string>(flag: string, text: string, words: readonly Word[]): Word {
  const word = words.find((known) => known === text);
  if (word === undefined) throw wrong(`--${flag} is ${words.join(" or ")}, not ${JSON.stringify(text)}`);
  return word;
}

function wrong(message: string, hint?: string, cause?: unknown): TandaError {
  return new TandaError("bad_request", message, { ...(hint === undefined ? {} : { hint }), cause });
}
