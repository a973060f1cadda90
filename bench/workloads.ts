/**
 * W1  many short tasks through one connection, 1,000 in flight: every result durable and received
 * W2  one at a time: what a person waits for
 * W3  64 × fib(32) against plain loops on as many threads: what the system costs CPU work
 * W4  200,000 queued while nothing runs, then drained
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { RawClient } from "./raw-client.ts";
import { startServer, type Server } from "./server.ts";

/** What is measured: a node alone, unless told otherwise. */
export type Start = (flags?: readonly string[]) => Promise<Server>;
export type Progress = (done: number, total: number) => void;
export type Result = { workload: string; figures: Record<string, number> };

const upper = (id: number): string => `{"id":${id},"action":"upper","payload":"hola"}`;
const isHola = (reply: { result?: { data?: unknown } }): boolean => reply.result?.data === "HOLA";

export async function w1(count: number, onProgress: Progress, start: Start = startServer): Promise<Result> {
  await using server = await start();
  const client = await RawClient.open(server.port);
  await client.pipeline(20_000, 1000, upper, isHola);
  const seconds = await client.pipeline(count, 1000, upper, isHola, (done) => onProgress(done, count));
  client.close();
  return { workload: "W1", figures: { tasks: count, tasksPerSecond: count / seconds } };
}

export async function w2(count: number, onProgress: Progress, start: Start = startServer): Promise<Result> {
  await using server = await start();
  const client = await RawClient.open(server.port);
  await client.pipeline(2000, 1, upper, isHola);
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

export async function w3(count: number, onProgress: Progress, start: Start = startServer): Promise<Result> {
  const threads = availableParallelism();
  const idealSeconds = await plainLoops(count, threads);
  await using server = await start(["--threads", String(threads)]);
  const client = await RawClient.open(server.port);
  const fib = (n: number) => (id: number) => `{"id":${id},"action":"fib","payload":${n}}`;
  await client.pipeline(8, 8, fib(32), (reply) => reply.result?.data === 2178309);
  let done = 0;
  const check = (reply: { result?: { data?: unknown } }): boolean => {
    onProgress(++done, count);
    return reply.result?.data === 2178309;
  };
  const seconds = await client.pipeline(count, count, fib(32), check);
  client.close();
  return {
    workload: "W3",
    figures: { tasks: count, seconds, idealSeconds, efficiency: idealSeconds / seconds },
  };
}

export async function w4(count: number, onProgress: Progress, start: Start = startServer): Promise<Result> {
  await using server = await start();
  const client = await RawClient.open(server.port);
  await client.pipeline(5000, 1000, upper, isHola);
  await client.ask({ op: "pause", queue: "default" });
  const submit = (id: number): string =>
    `{"id":${id},"action":"upper","payload":"hola","options":{"wait":false}}`;
  const isQueued = (reply: { status: string }): boolean => reply.status === "queued";
  const submitSeconds = await client.pipeline(count, 1000, submit, isQueued, (done) =>
    onProgress(done / 2, count),
  );
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
  client.close();
  const figures = {
    tasks: count,
    submitsPerSecond: count / submitSeconds,
    drainedPerSecond: count / drainSeconds,
  };
  return { workload: "W4", figures };
}

/** The same work with nothing around it: each thread does its share in one loop. */
async function plainLoops(count: number, threads: number): Promise<number> {
  const code = `
    const { parentPort } = require("node:worker_threads");
    const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));
    parentPort.on("message", (times) => { for (let i = 0; i < times; i++) fib(32); parentPort.postMessage(0); });`;
  const workers = Array.from({ length: threads }, () => new Worker(code, { eval: true }));
  const transfer: [] = [];
  const round = (times: number): Promise<unknown> =>
    Promise.all(
      workers.map((worker) => {
        const done = new Promise((resolve) => worker.once("message", resolve));
        worker.postMessage(times, transfer);
        return done;
      }),
    );
  await round(4);
  const begin = performance.now();
  await round(count / threads);
  const seconds = (performance.now() - begin) / 1000;
  await Promise.all(workers.map((worker) => worker.terminate()));
  return seconds;
}
