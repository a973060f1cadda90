/**
 * The whole drawing on one machine, beside its peers in the same run: `npm run bench -- distributed [--rounds 3] [W1 …]`.
 * Client, HAProxy, one gateway, one worker with two threads, RabbitMQ (quorum queue), PostgreSQL (fsync on).
 */
import type { Goal } from "../goals.ts";
import { endedOnInterruption } from "../interruption.ts";
import { list } from "../listing.ts";
import { runPeer } from "../peer-process.ts";
import type { Suite } from "../suite.ts";
import {
  QUICK,
  w1,
  w2,
  w3,
  w4,
  type Options,
  type Progress,
  type Result,
  type Workload,
} from "../workloads.ts";
import { cost } from "./cost.ts";
import { installAll, startServers, type Servers } from "./servers.ts";
import { spread } from "./spread.ts";
import { startTopology, type Topology, type TopologyPlan } from "./topology.ts";

/** How many tasks; peers, which are slower, have fewer of some. */
type Counts = Readonly<Record<Workload | "W5" | "peerW1" | "peerW4", number>>;
const COUNTS: Counts = {
  W1: 100_000,
  W2: 2000,
  W3: 64,
  W4: 100_000,
  W5: 800,
  peerW1: 20_000,
  peerW4: 50_000,
};
const FEW: Counts = { ...QUICK, W5: 40, peerW1: QUICK.W1, peerW4: QUICK.W4 };

type Measure = {
  readonly name: string;
  readonly run: (servers: Servers, onProgress: Progress) => Promise<Result>;
};

const onRabbitMQ = (work: (topology: Topology, onProgress: Progress) => Promise<Result>, more?: object) =>
  inTopology(({ postgres, rabbitmq }) => ({ store: postgres.url, queue: rabbitmq.url, ...more }), work);
const onPostgres = (work: (topology: Topology, onProgress: Progress) => Promise<Result>) =>
  inTopology(({ postgres }) => ({ store: postgres.url }), work);

const measuresOf = (counts: Counts): readonly Measure[] => [
  { name: "W1 tanda", run: onRabbitMQ((at, onProgress) => w1(counts.W1, onProgress, kept(at))) },
  { name: "W1 bullmq", run: peer("bullmq", "W1", counts.peerW1, ({ redisPort }) => String(redisPort)) },
  { name: "W1 rabbitmq-rpc", run: peer("rabbitmq-rpc", "W1", counts.peerW1, ({ rabbitmq }) => rabbitmq.url) },
  { name: "W1 tanda-postgres", run: onPostgres((at, onProgress) => w1(counts.W1, onProgress, kept(at))) },
  { name: "W1 pg-boss", run: peer("pg-boss", "W1", counts.peerW1, ({ postgres }) => postgres.url) },
  { name: "W2 tanda", run: onRabbitMQ((at, onProgress) => w2(counts.W2, onProgress, kept(at))) },
  { name: "W2 rabbitmq-rpc", run: peer("rabbitmq-rpc", "W2", counts.W2, ({ rabbitmq }) => rabbitmq.url) },
  { name: "W3 tanda", run: onRabbitMQ((at, onProgress) => w3(counts.W3, onProgress, kept(at))) },
  { name: "W4 tanda", run: onRabbitMQ((at, onProgress) => w4(counts.W4, onProgress, kept(at))) },
  { name: "W4 bullmq", run: peer("bullmq", "W4", counts.peerW4, ({ redisPort }) => String(redisPort)) },
  { name: "W4 tanda-postgres", run: onPostgres((at, onProgress) => w4(counts.W4, onProgress, kept(at))) },
  { name: "W4 pg-boss", run: peer("pg-boss", "W4", counts.peerW4, ({ postgres }) => postgres.url) },
  {
    name: "cost tanda",
    run: (servers, onProgress) =>
      onRabbitMQ((at, tell) => cost(servers, at, counts.W1, tell))(servers, onProgress),
  },
  {
    name: "W5 tanda",
    run: onRabbitMQ((at, onProgress) => spread(at, counts.W5, onProgress), { workers: 4 }),
  },
];

/** What is demanded of one against another, of the medians of this run. */
const goals: readonly Goal[] = [
  { says: "W1 × BullMQ", of: ["W1 tanda"], to: ["W1 bullmq"], figure: "tasksPerSecond", atLeast: 5 },
  { says: "W1 × raw RPC", of: ["W1 tanda"], to: ["W1 rabbitmq-rpc"], figure: "tasksPerSecond", atLeast: 2.5 },
  { says: "W2 p50 × raw RPC", of: ["W2 tanda"], to: ["W2 rabbitmq-rpc"], figure: "p50Ms", atMost: 1.5 },
  { says: "W4 drain × BullMQ", of: ["W4 tanda"], to: ["W4 bullmq"], figure: "drainedPerSecond", atLeast: 3 },
  {
    says: "PostgreSQL alone, W1 × pg-boss",
    of: ["W1 tanda-postgres"],
    to: ["W1 pg-boss"],
    figure: "tasksPerSecond",
    atLeast: 2,
  },
  {
    says: "PostgreSQL alone, W4 drain × pg-boss",
    of: ["W4 tanda-postgres"],
    to: ["W4 pg-boss"],
    figure: "drainedPerSecond",
    atLeast: 2,
  },
];

export const distributed: Suite = {
  names: measuresOf(COUNTS).map(({ name }) => name),
  goals,
  async open(names, { isQuick }) {
    installAll();
    const servers = await endedOnInterruption(startServers());
    const wanted = measuresOf(isQuick ? FEW : COUNTS).filter(({ name }) => names.includes(name));
    return {
      measures: wanted.map(({ name, run }) => ({ name, run: (onProgress) => run(servers, onProgress) })),
      leftOut: [],
      versions: () => ({}),
      [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose](),
    };
  },
  show: list,
};

function inTopology(
  plan: (servers: Servers) => TopologyPlan,
  work: (topology: Topology, onProgress: Progress) => Promise<Result>,
): Measure["run"] {
  return async (servers, onProgress) => {
    // Each in a schema and with names of its own: nothing is left from the one before.
    const { store, ...rest } = plan(servers);
    await servers.postgres.query("drop schema if exists tanda cascade");
    await using topology = await endedOnInterruption(startTopology({ store, ...rest }));
    await servers.rest();
    // Awaited here: else it would be taken down while it is measured.
    return await work(topology, onProgress);
  };
}

/** The workloads start what they measure; here it runs already. */
function kept(topology: Topology): Options {
  return { start: async () => ({ ...topology, async [Symbol.asyncDispose]() {} }) };
}

function peer(
  file: string,
  workload: string,
  count: number,
  where: (servers: Servers) => string,
): Measure["run"] {
  return async (servers) => {
    await servers.rest();
    return { workload, figures: { tasks: count, ...(await runPeer(file, where(servers), workload, count)) } };
  };
}
