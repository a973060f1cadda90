/** Handlers that wait for others: how many of them wait at once on one node. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { RawClient } from "../raw-client.ts";
import type { Measure } from "./measure.ts";
import { startNode } from "./node.ts";

/** A connection may have 1,000 unanswered. */
const CLIENTS = 2;
const IN_FLIGHT_EACH = 1000;
const ACTIONS = fileURLToPath(new URL("actions.ts", import.meta.url));

type Told = { thread: string; peak: number };

export const awaits: Measure = {
  name: "AWAITS",
  goals: [
    { says: "handlers that wait 5 ms for a socket, at once", figure: "socketAtOnce", atLeast: 1000 },
    { says: "handlers that wait 100 ms for a timer, at once", figure: "napAtOnce100Ms", atLeast: 1000 },
  ],
  async run({ isQuick }, onProgress) {
    const factor = isQuick ? 0.02 : 1;
    const nap5 = await napping("nap", 5, 200_000 * factor);
    onProgress(1, 4);
    const nap100 = await napping("nap", 100, 100_000 * factor);
    onProgress(2, 4);
    const plain = await napping("plainNap", 5, 2000 * factor);
    onProgress(3, 4);
    const socket = await asking(200_000 * factor);
    onProgress(4, 4);
    return {
      socketAtOnce: socket.atOnce,
      socketPerSecond: socket.perSecond,
      napAtOnce: nap5.atOnce,
      napPerSecond: nap5.perSecond,
      napAtOnce100Ms: nap100.atOnce,
      napPerSecond100Ms: nap100.perSecond,
      plainAtOnce: plain.atOnce,
      plainPerSecond: plain.perSecond,
    };
  },
};

type Seen = { atOnce: number; perSecond: number };

/** As the handlers count: each thread's most, added up. */
async function napping(action: string, ms: number, count: number): Promise<Seen> {
  await using node = await startNode({ flags: ["--actions", ACTIONS] });
  const peaks = new Map<string, number>();
  const perSecond = await load(node.port, action, ms, count, ({ thread, peak }) => {
    peaks.set(thread, Math.max(peak, peaks.get(thread) ?? 0));
  });
  return { atOnce: [...peaks.values()].reduce((sum, peak) => sum + peak, 0), perSecond };
}

/** As the service they wait for counts. */
async function asking(count: number): Promise<Seen> {
  const service = fork(fileURLToPath(new URL("slow-server.ts", import.meta.url)));
  try {
    const port = await next(service);
    await using node = await startNode({ flags: ["--actions", ACTIONS] });
    const perSecond = await load(node.port, "ask", port, count, () => {});
    service.send("peak");
    return { atOnce: await next(service), perSecond };
  } finally {
    service.kill();
  }
}

async function next(child: ChildProcess): Promise<number> {
  return ((await once(child, "message")) as [number])[0];
}

async function load(
  port: number,
  action: string,
  payload: number,
  count: number,
  onResult: (told: Told) => void,
): Promise<number> {
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => RawClient.open(port)));
  const request = (id: number): string => `{"id":${id},"action":"${action}","payload":${payload}}`;
  const check = (reply: { status: string; result?: { data?: unknown } }): boolean => {
    if (reply.status !== "done") return false;
    onResult(reply.result!.data as Told);
    return true;
  };
  const startedAt = performance.now();
  await Promise.all(
    clients.map((client) => client.pipeline(count / CLIENTS, IN_FLIGHT_EACH, request, check)),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  for (const client of clients) client.close();
  return count / seconds;
}
