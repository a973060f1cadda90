/** Short tasks beside long ones: fib(38) keeps one of two threads for half a second, `upper` has the other. */
import { fileURLToPath } from "node:url";
import { RawClient } from "../raw-client.ts";
import { quantileOf, type Figures, type Measure } from "./measure.ts";
import { startNode } from "./node.ts";
import { isDone, isHola, upper } from "./upper.ts";

const ACTIONS = fileURLToPath(new URL("actions.ts", import.meta.url));
const WATCH_MS = 8000;
/** For each in flight: where all threads are taken, each takes a second. */
const BUNCH = 10;
const WARM_UP = 2000;

type Case = {
  readonly name: string;
  readonly action: string;
  /** So many of it are always in flight. */
  readonly longs: number;
};

const CASES: readonly Case[] = [
  // As many as leave a thread free, which nobody has told the node to.
  { name: "single", action: "fib", longs: 1 },
  // A backlog of them, held to one thread by `concurrency: 1`.
  { name: "limited", action: "fibAlone", longs: 20 },
  // A backlog of them, not held: no thread is left.
  { name: "flooded", action: "fib", longs: 20 },
];

export const fair: Measure = {
  name: "FAIR",
  goals: [
    { says: "upper, one at a time, beside one fib(38), p99 ms", figure: "singleOneP99Ms", atMost: 20 },
    { says: "upper, 10 in flight, beside one fib(38), p99 ms", figure: "singleTenP99Ms", atMost: 20 },
    {
      says: "upper, one at a time, beside 20 fib(38) of concurrency 1, p99 ms",
      figure: "limitedOneP99Ms",
      atMost: 20,
    },
    {
      says: "upper, 10 in flight, beside 20 fib(38) of concurrency 1, p99 ms",
      figure: "limitedTenP99Ms",
      atMost: 20,
    },
  ],
  async run({ isQuick }, onProgress) {
    const figures: Figures = {};
    for (const [at, one] of CASES.entries()) {
      Object.assign(figures, await beside(one, isQuick));
      onProgress(at + 1, CASES.length);
    }
    return figures;
  },
};

async function beside({ name, action, longs }: Case, isQuick: boolean): Promise<Figures> {
  const [watchMs, n] = isQuick ? [200, 25] : [WATCH_MS, 38];
  await using node = await startNode({ flags: ["--threads", "2", "--actions", ACTIONS] });
  const shorts = await RawClient.open(node.port);
  await shorts.pipeline(isQuick ? 100 : WARM_UP, 10, upper, isHola);
  const long = await RawClient.open(node.port);
  const request = (id: number): string => `{"id":${id},"action":"${action}","payload":${n}}`;
  let longsDone = 0;
  const endless = long.pipeline(Infinity, longs, request, (reply) => {
    longsDone++;
    return isDone(reply);
  });
  const one = await latencies(shorts, 1, watchMs);
  const ten = await latencies(shorts, 10, watchMs);
  // What still runs is not waited for.
  endless.catch(() => {});
  await node.kill();
  long.close();
  shorts.close();
  return {
    [`${name}Longs`]: longsDone,
    [`${name}OneP50Ms`]: quantileOf(one, 0.5),
    [`${name}OneP99Ms`]: quantileOf(one, 0.99),
    [`${name}OneMaxMs`]: Math.max(...one),
    [`${name}TenP50Ms`]: quantileOf(ten, 0.5),
    [`${name}TenP99Ms`]: quantileOf(ten, 0.99),
    [`${name}TenMaxMs`]: Math.max(...ten),
  };
}

async function latencies(client: RawClient, inFlight: number, ms: number): Promise<number[]> {
  const times: number[] = [];
  const sentAt = new Map<number, number>();
  const endsAt = performance.now() + ms;
  while (performance.now() < endsAt) {
    await client.pipeline(
      BUNCH * inFlight,
      inFlight,
      (id) => {
        sentAt.set(id, performance.now());
        return upper(id);
      },
      (reply) => {
        times.push(performance.now() - sentAt.get(reply.id)!);
        return isHola(reply);
      },
    );
  }
  return times;
}
