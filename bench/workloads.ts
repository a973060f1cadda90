/**
 * W1  many short tasks, 1,000 in flight on each connection: every result durable and received
 * W2  one at a time: what a person waits for
 * W3  fib(32) against plain loops on as many threads: what the system costs CPU work
 * W4  200,000 queued while nothing runs, then drained
 */
import { availableParallelism } from "node:os";
import { besidePlainLoops } from "./plain-loops.ts";
import { RawClient } from "./raw-client.ts";
import { startServer, type Server } from "./server.ts";

export type Workload = "W1" | "W2" | "W3" | "W4";

/** Enough to see that everything works, too few to measure. */
export const QUICK: Readonly<Record<Workload, number>> = { W1: 2000, W2: 50, W3: 4, W4: 2000 };

/** What is measured: a node alone, unless told otherwise. */
export type Start = (flags?: readonly string[]) => Promise<Server>;
export type Progress = (done: number, total: number) => void;
export type Result = { readonly workload: string; readonly figures: Readonly<Record<string, number>> };
export type Options = { readonly start?: Start };
export type Wide = Options & { readonly connections?: number };

const FIB_OF_32 = 2_178_309;
const upper = (id: number): string => `{"id":${id},"action":"upper","payload":"hola"}`;
const isHola = (reply: { result?: { data?: unknown } }): boolean => reply.result?.data === "HOLA";

export async function w1(
  count: number,
  onProgress: Progress,
  { start = startServer, connections = 1 }: Wide = {},
): Promise<Result> {
  await using server = await start();
  const clients = await openClients(server, connections);
  const all = (total: number, tell?: (done: number) => void): Promise<number[]> =>
    Promise.all(clients.map((client) => client.pipeline(total / connections, 1000, upper, isHola, tell)));
  await all(Math.min(20_000, count));
  let done = 0;
  const begin = performance.now();
  await all(count, () => onProgress((done += 1000), count));
  const seconds = (performance.now() - begin) / 1000;
  for (const client of clients) client.close();
  return { workload: "W1", figures: { tasks: count, tasksPerSecond: count / seconds } };
}

export async function w2(
  count: number,
  onProgress: Progress,
  { start = startServer }: Options = {},
): Promise<Result> {
  await using server = await start();
  const client = await RawClient.open(server.port);
  await client.pipeline(Math.min(2000, count), 1, upper, isHola);
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    times.push((await client.pipeline(1, 1, upper, isHola)) * 1000);
    if (n % 100 === 99) onProgress(n + 1, count);
  }
  client.close();
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(share * times.length))]!;
  return { workload: "W2", figures: { tasks: count, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: times.at(-1)! } };
}

export async function w3(
  count: number,
  onProgress: Progress,
  { start = startServer, threads = availableParallelism() }: Options & { readonly threads?: number } = {},
): Promise<Result> {
  await using server = await start(["--threads", String(threads)]);
  const client = await RawClient.open(server.port);
  const fib = (id: number): string => `{"id":${id},"action":"fib","payload":32}`;
  await client.pipeline(8, 8, fib, (reply) => reply.result?.data === FIB_OF_32);
  let done = 0;
  const check = (reply: { result?: { data?: unknown } }): boolean => {
    onProgress(++done, count);
    return reply.result?.data === FIB_OF_32;
  };
  const figures = await besidePlainLoops(count, threads, () => client.pipeline(count, count, fib, check));
  client.close();
  return { workload: "W3", figures: { tasks: count, ...figures } };
}

export async function w4(
  count: number,
  onProgress: Progress,
  { start = startServer, connections = 1 }: Wide = {},
): Promise<Result> {
  await using server = await start();
  const clients = await openClients(server, connections);
  const client = clients[0]!;
  await client.pipeline(Math.min(5000, count), 1000, upper, isHola);
  await client.ask({ op: "pause", queue: "default" });
  const submit = (id: number): string =>
    `{"id":${id},"action":"upper","payload":"hola","options":{"wait":false}}`;
  const isQueued = (reply: { status: string }): boolean => reply.status === "queued";
  let queued = 0;
  const tell = (): void => onProgress((queued += 1000) / 2, count);
  const submitting = performance.now();
  await Promise.all(clients.map((one) => one.pipeline(count / connections, 1000, submit, isQueued, tell)));
  const submitSeconds = (performance.now() - submitting) / 1000;
  const begin = performance.now();
  await client.ask({ op: "resume", queue: "default" });
  for (let left = count; left > 0;) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const queues = (await client.ask({ op: "queues" })) as {
      queue: string;
      counts: Record<string, number>;
    }[];
    const { counts } = queues.find((view) => view.queue === "default")!;
    left = (counts["queued"] ?? 0) + (counts["running"] ?? 0);
    onProgress(count - left / 2, count);
  }
  const drainSeconds = (performance.now() - begin) / 1000;
  for (const one of clients) one.close();
  const figures = {
    tasks: count,
    submitsPerSecond: count / submitSeconds,
    drainedPerSecond: count / drainSeconds,
  };
  return { workload: "W4", figures };
}

function openClients({ port }: Server, connections: number): Promise<RawClient[]> {
  return Promise.all(Array.from({ length: connections }, () => RawClient.open(port)));
}
