/**
 * The whole drawing on one machine, beside its peers in the same run: `npm run bench -- distributed [--rounds 3] [W1 …]`.
 * Client, HAProxy, one gateway, one worker with two threads, RabbitMQ (quorum queue), PostgreSQL (fsync on).
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { w1, w2, w3, w4, type Progress, type Result } from "../workloads.ts";
import { cost } from "./cost.ts";
import { installAll, startServers, type Servers } from "./servers.ts";
import { spread } from "./spread.ts";
import { startTopology, type Topology, type TopologyPlan } from "./topology.ts";

const W1_TASKS = 100_000;
const W4_TASKS = 100_000;
const PEER_W1_TASKS = 20_000;
const PEER_W4_TASKS = 50_000;

export type Measure = {
  readonly name: string;
  readonly run: (servers: Servers, onProgress: Progress) => Promise<Result>;
};

const onRabbitMQ = (work: (topology: Topology, onProgress: Progress) => Promise<Result>, more?: object) =>
  inTopology(({ postgres, rabbitmq }) => ({ store: postgres.url, queue: rabbitmq.url, ...more }), work);
const onPostgres = (work: (topology: Topology, onProgress: Progress) => Promise<Result>) =>
  inTopology(({ postgres }) => ({ store: postgres.url }), work);

export const measures: readonly Measure[] = [
  { name: "W1 tanda", run: onRabbitMQ((at, onProgress) => w1(W1_TASKS, onProgress, kept(at))) },
  { name: "W1 bullmq", run: peer("bullmq", "W1", PEER_W1_TASKS, ({ redisPort }) => String(redisPort)) },
  { name: "W1 rabbitmq-rpc", run: peer("rabbitmq-rpc", "W1", PEER_W1_TASKS, ({ rabbitmq }) => rabbitmq.url) },
  { name: "W1 tanda-postgres", run: onPostgres((at, onProgress) => w1(W1_TASKS, onProgress, kept(at))) },
  { name: "W1 pg-boss", run: peer("pg-boss", "W1", PEER_W1_TASKS, ({ postgres }) => postgres.url) },
  { name: "W2 tanda", run: onRabbitMQ((at, onProgress) => w2(2000, onProgress, kept(at))) },
  { name: "W2 rabbitmq-rpc", run: peer("rabbitmq-rpc", "W2", 2000, ({ rabbitmq }) => rabbitmq.url) },
  { name: "W3 tanda", run: onRabbitMQ((at, onProgress) => w3(64, onProgress, kept(at))) },
  { name: "W4 tanda", run: onRabbitMQ((at, onProgress) => w4(W4_TASKS, onProgress, kept(at))) },
  { name: "W4 bullmq", run: peer("bullmq", "W4", PEER_W4_TASKS, ({ redisPort }) => String(redisPort)) },
  { name: "W4 tanda-postgres", run: onPostgres((at, onProgress) => w4(W4_TASKS, onProgress, kept(at))) },
  { name: "W4 pg-boss", run: peer("pg-boss", "W4", PEER_W4_TASKS, ({ postgres }) => postgres.url) },
  {
    name: "cost tanda",
    run: (servers, onProgress) =>
      onRabbitMQ((at, tell) => cost(servers, at, W1_TASKS, tell))(servers, onProgress),
  },
  { name: "W5 tanda", run: onRabbitMQ((at, onProgress) => spread(at, 800, onProgress), { workers: 4 }) },
];

/** What is demanded of one against another, of the medians of this run. */
export const ratios: readonly {
  says: string;
  of: string;
  to: string;
  figure: string;
  atLeast?: number;
  atMost?: number;
}[] = [
  { says: "W1 × BullMQ", of: "W1 tanda", to: "W1 bullmq", figure: "tasksPerSecond", atLeast: 5 },
  { says: "W1 × raw RPC", of: "W1 tanda", to: "W1 rabbitmq-rpc", figure: "tasksPerSecond", atLeast: 2.5 },
  { says: "W2 p50 × raw RPC", of: "W2 tanda", to: "W2 rabbitmq-rpc", figure: "p50Ms", atMost: 1.5 },
  { says: "W4 drain × BullMQ", of: "W4 tanda", to: "W4 bullmq", figure: "drainedPerSecond", atLeast: 3 },
  {
    says: "PostgreSQL alone, W1 × pg-boss",
    of: "W1 tanda-postgres",
    to: "W1 pg-boss",
    figure: "tasksPerSecond",
    atLeast: 2,
  },
  {
    says: "PostgreSQL alone, W4 drain × pg-boss",
    of: "W4 tanda-postgres",
    to: "W4 pg-boss",
    figure: "drainedPerSecond",
    atLeast: 2,
  },
];

export async function openServers(): Promise<Servers> {
  installAll();
  return startServers();
}

function inTopology(
  plan: (servers: Servers) => TopologyPlan,
  work: (topology: Topology, onProgress: Progress) => Promise<Result>,
): Measure["run"] {
  return async (servers, onProgress) => {
    // Each in a schema and with names of its own: nothing is left from the one before.
    const { store, ...rest } = plan(servers);
    await servers.postgres.query("drop schema if exists tanda cascade");
    await using topology = await startTopology({ store, ...rest });
    await servers.rest();
    // Awaited here: else it would be taken down while it is measured.
    return await work(topology, onProgress);
  };
}

/** The workloads start what they measure; here it runs already. */
function kept(topology: Topology): () => Promise<Topology> {
  return async () => ({ ...topology, async [Symbol.asyncDispose]() {} });
}

function peer(
  name: string,
  workload: string,
  count: number,
  where: (servers: Servers) => string,
): Measure["run"] {
  const file = fileURLToPath(new URL(`../peers/${name}.mjs`, import.meta.url));
  return async (servers) => {
    const args = [file, where(servers), workload, String(count)];
    await servers.rest();
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 300_000 });
    const figures = JSON.parse(stdout.trim().split("\n").at(-1)!) as Record<string, number>;
    return { workload, figures: { tasks: count, ...figures } };
  };
}
