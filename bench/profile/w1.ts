/**
 * W1 on a node of its own, twice over: half of the tasks plain, all of them while it is sampled, the other half plain. Being
 * sampled costs a node a fifth more, so what its threads cost is their processor time in the plain halves, and the samples only
 * tell how it is spread.
 */
import type { Profiler } from "node:inspector";
import { endedOnInterruption } from "../interruption.ts";
import { isHola, upper } from "../reach/upper.ts";
import { RawClient } from "../raw-client.ts";
import { startServer } from "../server.ts";
import type { Progress, Result } from "../workloads.ts";
import { toFigures } from "./figures.ts";
import { KINDS, kindOfThread, type Kind } from "./kinds.ts";
import { costsOf, type Costs } from "./processor-time.ts";
import { Recording } from "./recording.ts";
import { sharesOf } from "./shares.ts";

const IN_FLIGHT = 1000;
/** As W1 does. */
const WARM_UP = 20_000;
/** The ones that have a part in every task. */
const SAMPLED: readonly Kind[] = ["main", "store", "handlers"];

export type Size = { readonly tasks: number; readonly connections: number };

export async function profileW1({ tasks, connections }: Size, onProgress: Progress): Promise<Result> {
  await using recording = await endedOnInterruption(Recording.open());
  await using server = await startServer([], recording.env);
  const clients = await Promise.all(Array.from({ length: connections }, () => RawClient.open(server.port)));
  let done = 0;
  const run = async (count: number, isTold = true): Promise<void> => {
    const tell = isTold ? () => onProgress((done += 1000), 2 * tasks) : undefined;
    const shares = clients.map((client, at) => ({ client, own: Math.floor((count + at) / connections) }));
    await Promise.all(
      shares
        .filter(({ own }) => own > 0)
        .map(({ client, own }) => client.pipeline(own, IN_FLIGHT, upper, isHola, tell)),
    );
  };
  await run(Math.min(WARM_UP, tasks), false);
  const half = Math.ceil(tasks / 2);
  const client = process.cpuUsage();
  const before = await costsOf(server.pid, () => run(half));
  let clientUs = total(process.cpuUsage(client));
  const recorded = await recording.during(() => run(tasks));
  const again = process.cpuUsage();
  const after = await costsOf(server.pid, () => run(half));
  clientUs += total(process.cpuUsage(again));
  for (const client of clients) client.close();

  const profilesOf = (kind: Kind): Profiler.Profile[] =>
    recorded
      .filter(({ pid, name }) => kindOfThread(pid !== server.pid, name) === kind)
      .map(({ profile }) => profile);
  const costs = Object.fromEntries(
    KINDS.map(({ kind }) => [kind, (before[kind] + after[kind]) / (2 * half)]),
  ) as Costs;
  const places = toFigures(costs, (kind) =>
    SAMPLED.includes(kind) ? sharesOf(kind, profilesOf(kind)) : null,
  );
  const nodeUs = Object.values(costs).reduce((sum, us) => sum + us, 0);
  const figures = { tasks, connections, nodeUs, clientUs: clientUs / (2 * half), ...places };
  return { workload: "W1", figures };
}

function total({ user, system }: NodeJS.CpuUsage): number {
  return user + system;
}
