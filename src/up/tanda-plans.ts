/** The processes of ours that a topology is made of: nodes, or gateways and workers. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { checkNode } from "./checks.ts";
import type { ProcessPlan, Role } from "./process-plan.ts";
import { portAfter, type ClusterParts, type Servers, type SharedParts, type Topology } from "./topology.ts";

export type TandaSetup = {
  /** Where each has a folder of its own. */
  readonly folder: string;
  /** `tanda` itself: the words that come before a verb. */
  readonly tanda: readonly string[];
  /** For them. */
  readonly env: NodeJS.ProcessEnv;
  /** Theirs, if they have one: what they measure is told to nobody without. */
  readonly token: string | null;
  readonly processors: number;
  /** Flags for all of them, as they were given to us. */
  readonly flags: readonly string[];
};

export type TandaPlan = ProcessPlan & { readonly port: number };

/** What is decided here, for every process by itself, is not to be read from our own environment. */
const OURS = ["LISTEN", "DATA", "NODE", "PEERS", "ROLES", "QUEUE", "STORE", "BLOBS"];
/** It ends with it when its flags make no sense. */
const USAGE_CODE = 2;
/** All clients come from the balancer's address. */
const ADDRESS_CONNECTIONS = "10000";

export function clusterPlans(topology: Topology, parts: ClusterParts, setup: TandaSetup): TandaPlan[] {
  const numbers = Array.from({ length: parts.nodes }, (_, index) => index + 1);
  const address = (node: number): string => `127.0.0.1:${portAfter(topology.listen, node - 1)}`;
  return numbers.map((node) => {
    const peers = numbers.filter((other) => other !== node).map((other) => `${other}=${address(other)}`);
    const flags = ["--node", String(node), ...(peers.length === 0 ? [] : ["--peers", peers.join(",")])];
    return plan(setup, {
      name: `node-${node}`,
      role: "node",
      port: portAfter(topology.listen, node - 1),
      flags: [...flags, "--threads", threadsOf(setup, parts.nodes)],
      after: [],
      env: {},
    });
  });
}

export type SharedServers = {
  readonly servers: Servers;
  /** Keys that have no place in an address. */
  readonly env: NodeJS.ProcessEnv;
  /** Those of ours that must be there first. */
  readonly after: readonly string[];
};

export function sharedPlans(
  topology: Topology,
  parts: SharedParts,
  { servers, env, after }: SharedServers,
  setup: TandaSetup,
): TandaPlan[] {
  const ofRole = (role: "gateway" | "worker", count: number, from: number): TandaPlan[] =>
    Array.from({ length: count }, (_, index) =>
      plan(setup, {
        name: `${role}-${index + 1}`,
        role,
        port: portAfter(topology.listen, from + index),
        flags: [
          "--roles",
          role,
          "--node",
          String(from + index + 1),
          ...(role === "worker" ? ["--threads", threadsOf(setup, parts.workers)] : []),
        ],
        after,
        // Not in their command lines, which `ps` shows to everybody: passwords may stand in addresses.
        env: { ...env, ...serverVariables(servers, setup) },
      }),
    );
  return [...ofRole("gateway", parts.gateways, 0), ...ofRole("worker", parts.workers, parts.gateways)];
}

function serverVariables({ queue, store, blobs }: Servers, { folder }: TandaSetup): NodeJS.ProcessEnv {
  return {
    TANDA_STORE: store,
    TANDA_BLOBS: blobs ?? join(folder, "blobs"),
    ...(queue === null ? {} : { TANDA_QUEUE: queue }),
  };
}

/** The processors are shared. */
function threadsOf({ processors }: TandaSetup, processes: number): string {
  return String(Math.max(1, Math.ceil(processors / processes)));
}

type Facts = {
  readonly name: string;
  readonly role: Role;
  readonly port: number;
  readonly flags: readonly string[];
  readonly after: readonly string[];
  readonly env: NodeJS.ProcessEnv;
};

function plan({ folder, tanda, env, token, flags }: TandaSetup, facts: Facts): TandaPlan {
  const { name, role, port, after } = facts;
  const data = join(folder, name);
  const own = ["--listen", `127.0.0.1:${port}`, "--data", data, "--max-address-connections"];
  const args = [...tanda.slice(1), "serve", ...own, ADDRESS_CONNECTIONS, ...facts.flags, ...flags];
  const rest = { ...env };
  for (const variable of OURS) delete rest[`TANDA_${variable}`];
  return {
    name,
    role,
    host: "127.0.0.1",
    port,
    after,
    prepare: async () => void mkdirSync(data, { recursive: true }),
    command: () => ({
      program: tanda[0]!,
      args,
      env: { ...rest, ...facts.env },
      user: null,
    }),
    logFile: join(folder, `${name}.log`),
    check: () => checkNode(port, token),
    stopSignal: "SIGTERM",
    stopWithinMs: null,
    hopelessCode: USAGE_CODE,
  };
}
