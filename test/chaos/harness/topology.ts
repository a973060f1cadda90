/**
 * The whole drawing, each box a process: HAProxy → gateways → RabbitMQ, PostgreSQL, workers, S3. Every link goes through a proxy that
 * misbehaves as it is told, one for each pair.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { haproxyConfig } from "../../../src/balancer/haproxy.ts";
import { DEFAULT_BALANCER } from "../../../src/balancer/options.ts";
import { Talk } from "../../e2e/talk.ts";
import { Ceph } from "../../services/ceph.ts";
import { FaultProxy } from "../../services/fault-proxy.ts";
import { freePorts } from "../../services/free-ports.ts";
import { createHaproxy } from "../../services/haproxy.ts";
import { Postgres } from "../../services/postgres.ts";
import { startRabbitMQ, type RabbitMQ } from "../../services/rabbitmq.ts";
import { Box, type LinkTo, type Role } from "./box.ts";
import { Disk } from "./disk.ts";
import type { Settings } from "./settings.ts";

const ACTIONS = fileURLToPath(new URL("./witnessed-actions.ts", import.meta.url));
const PLANT = new URL("./plant.ts", import.meta.url).href;
const THREADS = 2;
const CHECK_MS = 300;
/** Short: a client that never reads is to be seen within a minute. */
const GATEWAY_FLAGS = ["--max-unread", "64KiB", "--max-unread-time", "2s"];

export type Topology = {
  readonly settings: Settings;
  readonly postgres: Postgres;
  readonly rabbit: RabbitMQ;
  /** Null: blobs are files. */
  readonly ceph: Ceph | null;
  readonly bucket: string | null;
  readonly balancer: ReturnType<typeof createHaproxy>;
  readonly gateways: readonly Box[];
  readonly workers: readonly Box[];
  /** From clients to the balancer. */
  readonly door: FaultProxy;
  /** From the balancer to each gateway. */
  readonly halls: readonly FaultProxy[];
  /** Null: not root. */
  readonly disk: Disk | null;
  /** Where handlers write down what they run. */
  readonly witnessFolder: string;
};

/** @param parts to which all is given as it starts. */
export async function startTopology(settings: Settings, parts: AsyncDisposableStack): Promise<Topology> {
  const folder = await mkdtemp(join(tmpdir(), "tanda-chaos-"));
  parts.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  const witnessFolder = join(folder, "witness");
  await mkdir(witnessFolder);
  const disk = Disk.mount();
  if (disk !== null) parts.use(disk);
  const [postgres, rabbit, ceph] = await Promise.all([
    Postgres.start(disk === null ? {} : { within: disk.folder }).then((one) => parts.use(one)),
    startRabbitMQ({ nodes: settings.brokers }).then((one) => parts.use(one)),
    settings.blobs === "s3" ? Ceph.start().then((one) => parts.use(one)) : null,
  ]);
  const bucket = ceph === null ? null : await ceph.makeBucket();
  const proxy = async (port: number): Promise<FaultProxy> => parts.use(await FaultProxy.start(port));
  const ports = await freePorts(settings.gateways + settings.workers + 1);

  const makeBox = async (role: Role, number: number, port: number): Promise<Box> => {
    const links = new Map<LinkTo, FaultProxy[]>([
      ["PostgreSQL", [await proxy(postgres.port)]],
      ["RabbitMQ", await Promise.all(rabbit.nodes.map((node) => proxy(node.port)))],
    ]);
    if (ceph !== null) links.set("S3", [await proxy(Number(new URL(ceph.endpoint).port))]);
    const to = (link: LinkTo): number => links.get(link)![0]!.port;
    const blobs =
      ceph === null ? join(folder, "blobs") : `s3://${bucket}?endpoint=http://127.0.0.1:${to("S3")}`;
    const own = role === "worker" ? ["--threads", `${THREADS}`, "--actions", ACTIONS] : GATEWAY_FLAGS;
    const name = `${role}-${number}`;
    const data = join(folder, name);
    await mkdir(data);
    const box = new Box({
      name,
      role,
      port,
      data,
      links,
      flags: ["--roles", role, "--blobs", blobs, "--lease", `${settings.leaseMs}ms`, ...own],
      env: {
        TANDA_STORE: postgres.urlAt(to("PostgreSQL")),
        TANDA_QUEUE: rabbit.urlAt(...links.get("RabbitMQ")!.map((link) => link.port)),
        CHAOS_WITNESS: witnessFolder,
        ...ceph?.env,
        ...(settings.bug === null ? {} : { CHAOS_BUG: settings.bug, NODE_OPTIONS: `--import=${PLANT}` }),
      },
      hasMovableClock: number === 0,
    });
    parts.defer(() => box.node[Symbol.asyncDispose]());
    await box.node.start();
    return box;
  };

  const makeAll = (role: Role, count: number, first: number): Promise<Box[]> =>
    Promise.all(Array.from({ length: count }, (_, n) => makeBox(role, n, ports[first + n]!)));
  const [gateways, workers] = await Promise.all([
    makeAll("gateway", settings.gateways, 1),
    makeAll("worker", settings.workers, 1 + settings.gateways),
  ]);
  const halls = await Promise.all(gateways.map((gateway) => proxy(gateway.port)));
  const config = haproxyConfig({
    ...DEFAULT_BALANCER,
    listen: { host: "127.0.0.1", port: ports[0]! },
    nodes: halls.map(({ port }) => ({ host: "127.0.0.1", port })),
    isProxy: false,
    cutsWhenDown: true,
    checkMs: CHECK_MS,
  });
  const balancer = parts.use(createHaproxy(ports[0]!, config));
  await balancer.start();
  await untilBalanced(balancer.port);
  const door = await proxy(balancer.port);
  return {
    settings,
    postgres,
    rabbit,
    ceph,
    bucket,
    balancer,
    gateways,
    workers,
    door,
    halls,
    disk,
    witnessFolder,
  };
}

async function untilBalanced(port: number): Promise<void> {
  for (;;) {
    const talk = Talk.open(port);
    const node = await talk.nodeNumber(1000);
    talk.close();
    if (node !== null) return;
    await delay(50);
  }
}
