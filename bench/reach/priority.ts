/** One high-priority task behind a backlog of low ones: how many of them begin before it, by the instants in the store. */
import { setTimeout as delay } from "node:timers/promises";
import { RawClient } from "../raw-client.ts";
import type { Figures, Measure } from "./measure.ts";
import { startNode } from "./node.ts";
import { countsOf } from "./queue-counts.ts";
import { isDone, isQueued } from "./upper.ts";

const LOWS = 10_000;
/** A quarter of a millisecond, so that the backlog is still there when the high one comes. */
const LOW_FIB = 22;
const HIGH = `"options":{"priority":"high"}`;
/** The backlog has begun to drain. */
const BEGUN_MS = 200;

type Listed = {
  tasks: { priority: string | number; startedAt?: number; action: string }[];
  next: string | null;
};

export const priority: Measure = {
  name: "PRIORITY",
  goals: [
    {
      says: "of a waiting backlog, begun before one of high priority, share",
      figure: "waitingShare",
      atMost: 0.01,
    },
    {
      says: "of a draining backlog, begun between its arrival and its start, share",
      figure: "drainingShare",
      atMost: 0.01,
    },
  ],
  async run({ isQuick }, onProgress) {
    const lows = isQuick ? 500 : LOWS;
    const waiting = await behind(lows, 0);
    onProgress(1, 2);
    const draining = await behind(lows, isQuick ? 10 : BEGUN_MS);
    onProgress(2, 2);
    return {
      lows,
      waitingShare: waiting["share"]!,
      waitingHighMs: waiting["highMs"]!,
      drainingShare: draining["share"]!,
      drainingHighMs: draining["highMs"]!,
    };
  },
};

async function behind(lows: number, begunMs: number): Promise<Figures> {
  await using node = await startNode();
  const client = await RawClient.open(node.port);
  await client.ask({ op: "pause", queue: "default" });
  const low = (id: number): string =>
    `{"id":${id},"action":"fib","payload":${LOW_FIB},"options":{"wait":false,"priority":"low"}}`;
  await client.pipeline(lows, 1000, low, isQueued);
  const high = (id: number): string => `{"id":${id},"action":"upper","payload":"hola",${HIGH}}`;
  let sentAt = 0;
  let seconds = 0;
  if (begunMs === 0) {
    // It waits with them, and then all may begin.
    const other = await RawClient.open(node.port);
    const answered = client.pipeline(1, 1, high, isDone);
    await delay(BEGUN_MS);
    const from = performance.now();
    await other.ask({ op: "resume", queue: "default" });
    await answered;
    seconds = (performance.now() - from) / 1000;
    other.close();
  } else {
    await client.ask({ op: "resume", queue: "default" });
    await delay(begunMs);
    sentAt = Date.now();
    seconds = await client.pipeline(1, 1, high, isDone);
  }
  while ((await countsOf(client)).left > 0) await delay(50);
  const { lowStarts, highStart } = await starts(client);
  client.close();
  if (lowStarts.length !== lows) throw new Error(`${lowStarts.length} of ${lows} were done`);
  // The clock is a millisecond's: those of the same one count as before.
  const before = lowStarts.filter((at) => at >= sentAt && at <= highStart).length;
  return { share: before / lows, highMs: seconds * 1000 };
}

async function starts(client: RawClient): Promise<{ lowStarts: number[]; highStart: number }> {
  const lowStarts: number[] = [];
  let highStart = NaN;
  for (let cursor: string | null | undefined; cursor !== null;) {
    const { tasks, next } = (await client.ask({
      op: "list",
      limit: 1000,
      ...(cursor && { cursor }),
    })) as Listed;
    for (const { action, startedAt } of tasks) {
      if (action === "fib") lowStarts.push(startedAt!);
      else highStart = startedAt!;
    }
    cursor = next;
  }
  return { lowStarts, highStart };
}
