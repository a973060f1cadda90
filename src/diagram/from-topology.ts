/** The system that a topology will be, as it is told by flags. */
import type { BalancerKind } from "../balancer/options.ts";
import { formatAddress } from "../gateway/listen.ts";
import { portAfter, type Servers, type Topology } from "../up/topology.ts";
import type { Box, System } from "./picture.ts";
import { serversOf } from "./servers.ts";

const BALANCERS: Readonly<Record<BalancerKind, string>> = {
  haproxy: "HAProxy",
  nginx: "nginx",
  builtin: "built-in balancer",
};

export function systemOfTopology({ listen, balancer, parts }: Topology): System {
  const at = (index: number): string => `127.0.0.1:${portAfter(listen, index)}`;
  const front = [BALANCERS[balancer ?? "haproxy"], formatAddress(listen)];
  if (parts.kind === "cluster") {
    const nodes = boxes("node", parts.nodes, (n) => ["gateway, worker, SQLite", at(n - 1)]);
    const title = "Tanda: nodes with a file each, that answer for each other";
    return { title, balancer: front, gateways: [], workers: [], nodes, servers: null };
  }
  return {
    title: "Tanda: gateways and workers that share a queue and a store",
    balancer: front,
    gateways: boxes("gateway", parts.gateways, (n) => [at(n - 1)]),
    workers: boxes("worker", parts.workers, () => ["threads run the actions"]),
    nodes: [],
    servers: serversOf(...(parts.servers === "private" ? PRIVATE : factsOf(parts.servers))),
  };
}

type ServerFacts = Parameters<typeof serversOf>;

const PRIVATE: ServerFacts = [
  { queue: "rabbitmq", store: "postgres", blobs: "s3" },
  { queue: [], store: [], blobs: [] },
];

function factsOf({ queue, store, blobs }: Servers): ServerFacts {
  const isRabbit = queue !== null && /^amqps?:/.test(queue);
  const isBucket = blobs?.startsWith("s3:") === true;
  return [
    { queue: isRabbit ? "rabbitmq" : "postgres", store: "postgres", blobs: isBucket ? "s3" : "files" },
    {
      queue: isRabbit ? [hostOf(queue)] : [],
      store: [hostOf(store)],
      blobs: isBucket ? [hostOf(blobs)] : [],
    },
  ];
}

/** Never more than where it is: a user and a password may stand before that, and settings after it. */
function hostOf(url: string): string {
  return /^[a-z0-9]+:\/\/(?:[^/@]*@)?([^/?#]+)/i.exec(url)?.[1] ?? "";
}

function boxes(name: string, count: number, more: (n: number) => string[]): Box[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${name}_${index + 1}`,
    shape: "process",
    lines: [`${name} ${index + 1}`, ...more(index + 1)],
  }));
}
