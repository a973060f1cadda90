/** What runs, as boxes in columns and flows between them: from what the nodes tell, with nothing of how it is drawn. */
import type {
  NodeView,
  QueueView,
  StatsView,
  ThreadView,
  WorkerView,
} from "../../../src/protocol/messages.ts";

/** `stopped`: it was here a moment ago and took its leave; of one that is `down` nothing was heard. */
export type Health = "well" | "starting" | "draining" | "unwell" | "down" | "stopped";

export type ClientsBox = { kind: "clients"; id: string; connections: number };
export type BalancerBox = { kind: "balancer"; id: string };
export type GatewayBox = { kind: "gateway"; id: string; node: NodeView; health: Health };
export type QueueBox = {
  kind: "queue";
  id: string;
  /** `embedded`, `rabbitmq` or `postgres`. */
  uses: string;
  queues: readonly QueueView[];
  waiting: number;
  oldestAgeMs: number | null;
  paused: readonly string[];
};
export type WorkerBox = {
  kind: "worker";
  id: string;
  node: NodeView | null;
  health: Health;
  workers: readonly WorkerView[];
  threads: readonly ThreadView[];
};
export type StorageBox = {
  kind: "storage";
  id: string;
  uses: string;
  blobs: string;
  bytes: number;
  tasks: number;
};
export type Box = ClientsBox | BalancerBox | GatewayBox | QueueBox | WorkerBox | StorageBox;

/** @property perSecond tasks that go this way; `failed` of them. */
export type Flow = {
  readonly from: string;
  readonly to: string;
  readonly perSecond: number;
  readonly failed: number;
};
export type System = { readonly columns: readonly (readonly Box[])[]; readonly flows: readonly Flow[] };

export type Told = {
  readonly nodes: readonly NodeView[];
  readonly workers: readonly WorkerView[];
  readonly queues: readonly QueueView[];
  readonly stats: StatsView;
};

/** @param gone nodes that are told of no more. */
export function systemOf(
  { nodes: here, workers, queues, stats }: Told,
  gone: readonly NodeView[] = [],
): System {
  const nodes = [...here, ...gone].sort((a, b) => a.node - b.node);
  const health = (node: NodeView): Health => (gone.includes(node) ? "stopped" : healthOf(node));
  const gateways = nodes.filter(isGateway).map((node): GatewayBox => ({
    kind: "gateway",
    id: `gateway ${node.node}`,
    node,
    health: health(node),
  }));
  const clients: ClientsBox = {
    kind: "clients",
    id: "clients",
    connections: gateways.reduce((sum, { node }) => sum + node.connections, 0),
  };
  const balancers: BalancerBox[] = gateways.length > 1 ? [{ kind: "balancer", id: "balancer" }] : [];
  const boxes = workersOf(nodes, workers, health);
  // Nodes with a file each have a queue and a store each, drawn as one: together they answer as one.
  const uses = nodes.find((node) => node.uses !== undefined)?.uses;
  const times = (kind: string, own: string): string =>
    kind === own && here.length > 1 ? `${kind} × ${here.length}` : kind;
  const queue: QueueBox = {
    kind: "queue",
    id: "queue",
    uses: times(uses?.queue ?? "embedded", "embedded"),
    queues,
    waiting: queues.reduce((sum, { waiting }) => sum + waiting, 0),
    oldestAgeMs: queues.reduce<number | null>((most, { oldestAgeMs }) => later(most, oldestAgeMs), null),
    paused: queues.filter(({ mode }) => mode !== "open").map(({ queue: name }) => name),
  };
  const storage: StorageBox = {
    kind: "storage",
    id: "storage",
    uses: times(uses?.store ?? "sqlite", "sqlite"),
    blobs: uses?.blobs ?? "files",
    bytes: stats.storeBytes,
    tasks: Object.values(stats.states).reduce((sum, count) => sum + count, 0),
  };
  const columns = [[clients], balancers, gateways, [queue], boxes, [storage]].filter(
    (column) => column.length > 0,
  );
  return { columns, flows: flowsOf(clients, balancers[0], gateways, boxes, stats.perSecond) };
}

function flowsOf(
  clients: ClientsBox,
  balancer: BalancerBox | undefined,
  gateways: readonly GatewayBox[],
  workers: readonly WorkerBox[],
  { submitted, finished, failed }: StatsView["perSecond"],
): Flow[] {
  const open = gateways.filter(isUp);
  const entry = balancer?.id ?? clients.id;
  const flows: Flow[] = [];
  if (balancer) flows.push({ from: clients.id, to: balancer.id, perSecond: submitted, failed: 0 });
  // What comes through each is not told one by one: its share of the connections stands for it.
  const all = open.reduce((sum, { node }) => sum + node.connections, 0);
  for (const gateway of gateways) {
    const share = all === 0 ? 1 / Math.max(1, open.length) : gateway.node.connections / all;
    const perSecond = isUp(gateway) ? submitted * share : 0;
    flows.push({ from: entry, to: gateway.id, perSecond, failed: 0 });
    flows.push({ from: gateway.id, to: "queue", perSecond, failed: 0 });
  }
  // What each worker runs is not told either: its share of the threads that are busy now, or of all when none is.
  const able = workers.map((worker) => (isUp(worker) ? worker.threads.length : 0));
  const busy = workers.map(({ threads }) => threads.filter((thread) => thread.tasks.length > 0).length);
  const by = busy.some((count) => count > 0) ? busy : able;
  const total = by.reduce((sum, count) => sum + count, 0);
  for (const [at, worker] of workers.entries()) {
    const share = total === 0 ? 0 : by[at]! / total;
    flows.push({ from: "queue", to: worker.id, perSecond: finished * share, failed: 0 });
    flows.push({ from: worker.id, to: "storage", perSecond: finished * share, failed: failed * share });
  }
  return flows;
}

function workersOf(
  nodes: readonly NodeView[],
  workers: readonly WorkerView[],
  health: (node: NodeView) => Health,
): WorkerBox[] {
  const byNode = Map.groupBy(workers, ({ node }) => node);
  const numbers = new Set([
    ...nodes.filter(({ roles }) => roles.includes("worker")).map(({ node }) => node),
    ...byNode.keys(),
  ]);
  return [...numbers]
    .sort((a, b) => a - b)
    .map((number) => {
      const node = nodes.find((one) => one.node === number) ?? null;
      const own = byNode.get(number) ?? [];
      return {
        kind: "worker",
        id: `worker ${number}`,
        node,
        health: own.some(({ state }) => state === "draining")
          ? "draining"
          : node === null
            ? "well"
            : health(node),
        workers: own,
        threads: own.flatMap(({ threads }) => threads),
      };
    });
}

function isGateway({ roles, state }: NodeView): boolean {
  // Of a node that is down nothing is known: it is drawn where clients would meet it.
  return roles.includes("gateway") || state === "down";
}

export function isUp({ health }: { readonly health: Health }): boolean {
  return health !== "down" && health !== "stopped";
}

function healthOf({ state }: NodeView): Health {
  if (state === "ready") return "well";
  if (state === "not_ready") return "unwell";
  return state;
}

function later(a: number | null, b: number | null): number | null {
  return a === null || (b !== null && b > a) ? b : a;
}
