/** What stands on which port and does what, as data: `tanda up` starts it, `tanda diagram` draws it. Read from flags here. */
import { BALANCERS, type BalancerKind, type Place } from "../balancer/options.ts";
import { isLoopback, parseListen } from "../gateway/listen.ts";
import { TandaError } from "../task/errors.ts";

/** Nodes with a file each, or gateways and workers that share a queue, a store and blobs. */
export type Topology = {
  /** Where clients find it: the balancer. What is behind it has the ports after that, on loopback. */
  readonly listen: Place;
  /** Null: the best that is on this machine. */
  readonly balancer: BalancerKind | null;
  readonly parts: ClusterParts | SharedParts;
};

export type ClusterParts = { readonly kind: "cluster"; readonly nodes: number };

export type SharedParts = {
  readonly kind: "shared";
  readonly gateways: number;
  readonly workers: number;
  /** Private: servers of our own, in folders of ours. */
  readonly servers: "private" | Servers;
};

export type Servers = {
  /** Null: the store says who is next. */
  readonly queue: string | null;
  readonly store: string;
  /** Null: a folder, which all that run on one machine can share. */
  readonly blobs: string | null;
};

export type TopologyFlag = { readonly name: string; readonly value: string; readonly says: string };

export const TOPOLOGY_FLAGS: readonly TopologyFlag[] = [
  { name: "nodes", value: "N", says: "nodes with a file each, that answer for each other (3)" },
  { name: "gateways", value: "N", says: "processes that let clients in; with a store (2)" },
  { name: "workers", value: "N", says: "processes that run tasks (2)" },
  {
    name: "queue",
    value: "URL",
    says: "what says who is next, also TANDA_QUEUE: amqp://… or postgres://… (the store)",
  },
  { name: "store", value: "URL", says: "what remembers tasks, also TANDA_STORE: postgres://…" },
  {
    name: "blobs",
    value: "URL",
    says: "large values, also TANDA_BLOBS: s3://… or a folder (blobs in the data folder)",
  },
  {
    name: "balancer",
    value: "KIND",
    says: `${BALANCERS.join(", ")}, before all of it (the first that is there)`,
  },
  {
    name: "listen",
    value: "ADDR",
    says: "where clients find it; the processes have the ports after it, on 127.0.0.1 (127.0.0.1:9000)",
  },
];

const MOST = 64;

/**
 * @param isFull whether servers of our own are wanted
 * @param text what a flag was given, if anything
 * @param hasToken whether clients have to show one
 * @throws bad_request saying which flag is wrong
 */
export function readTopology(
  isFull: boolean,
  text: (name: string) => string | undefined,
  hasToken: boolean,
  env: NodeJS.ProcessEnv,
): Topology {
  const count = (name: string): number | undefined => {
    const given = text(name);
    if (given === undefined) return undefined;
    const value = Number(given);
    if (/^\d+$/.test(given) && value >= 1 && value <= MOST) return value;
    throw wrong(`--${name} is a whole number from 1 to ${MOST}, not ${JSON.stringify(given)}`);
  };
  const server = (name: string): string | undefined => {
    const url = text(name);
    if (url !== undefined) refusePassword(name, url);
    return url ?? (env[`TANDA_${name.toUpperCase()}`] || undefined);
  };
  const [nodes, gateways, workers] = [count("nodes"), count("gateways"), count("workers")];
  const given = ["queue", "store", "blobs"].filter((name) => text(name) !== undefined);
  const isShared = isFull || gateways !== undefined || workers !== undefined || given.length > 0;
  const base = {
    listen: readListen(text("listen") ?? "127.0.0.1:9000", hasToken),
    balancer: kindOf(text("balancer")),
  };
  if (!isShared) {
    checkPorts(base.listen, nodes ?? 3);
    return { ...base, parts: { kind: "cluster", nodes: nodes ?? 3 } };
  }
  if (nodes !== undefined)
    throw wrong("--nodes are whole nodes, with neither --gateways and --workers nor a queue and a store");
  const parts = { kind: "shared" as const, gateways: gateways ?? 2, workers: workers ?? 2 };
  checkPorts(base.listen, parts.gateways + parts.workers);
  if (isFull && given.length > 0)
    throw wrong(`\`full\` starts servers of its own: leave out --${given.join(" and --")}`);
  if (isFull) return { ...base, parts: { ...parts, servers: "private" } };
  const [queue = null, store, blobs = null] = [server("queue"), server("store"), server("blobs")];
  if (store === undefined)
    throw wrong(
      "gateways and workers share a store: --store is missing",
      "--store postgres://…, or `tanda up full`, which starts one.",
    );
  return { ...base, parts: { ...parts, servers: { queue, store, blobs } } };
}

/** What follows the balancer's port, from the first on. */
export function portAfter(listen: Place, index: number): number {
  return listen.port + 1 + index;
}

function readListen(text: string, hasToken: boolean): Place {
  const { host, port, proxy } = parseListen(text);
  if (port === 0 || proxy) throw wrong(`--listen cannot be ${text}: it is HOST:PORT`);
  if (!isLoopback(host) && !hasToken)
    throw wrong(
      `${text} can be reached from other machines, and there is no token`,
      "Give one in TANDA_TOKEN, for instance of: openssl rand -hex 24",
    );
  return { host, port };
}

function checkPorts(listen: Place, count: number): void {
  if (portAfter(listen, count - 1) > 65_535)
    throw wrong(`--listen ${listen.port} leaves no ports for ${count} processes behind it`);
}

function kindOf(text: string | undefined): BalancerKind | null {
  if (text === undefined) return null;
  const kind = BALANCERS.find((known) => known === text);
  if (kind === undefined) throw wrong(`--balancer is ${BALANCERS.join(", ")}, not ${JSON.stringify(text)}`);
  return kind;
}

function refusePassword(flag: string, url: string): void {
  if (!/^[a-z]+:\/\/[^/@]*:[^/@]+@/i.test(url)) return;
  throw wrong(
    `--${flag} has a password in it, which all who see the processes would see`,
    `Put the whole address in TANDA_${flag.toUpperCase()}.`,
  );
}

function wrong(message: string, hint?: string): TandaError {
  return new TandaError("bad_request", message, hint === undefined ? {} : { hint });
}
