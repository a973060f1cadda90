/** BullMQ, on a Redis that flushes as it is told to: `node bullmq.mjs REDIS_PORT W1|W2|W3|W4 COUNT`. */
import { Queue, QueueEvents } from "bullmq";
import Redis from "ioredis";
import { addInLots } from "./adding.mjs";
import { latencies, rate, secondsSince } from "./timing.mjs";
import { endWorkers, startWorker } from "./worker-process.mjs";
import { runWorkload } from "./workloads.mjs";

const port = Number(process.argv[2]);
const connection = { host: "127.0.0.1", port, maxRetriesPerRequest: null };
const redis = new Redis(connection);
await redis.flushall();
// Its events are what a client waits by: trimmed, they would be lost for a slow listener.
const queue = new Queue("bench", { connection, streams: { events: { maxLen: 200_000 } } });
await queue.waitUntilReady();
const upper = { name: "upper", data: { action: "upper", payload: "hola" } };
const fib = { name: "fib", data: { n: 32 } };

const addAll = (total, job) =>
  addInLots(total, (size) => queue.addBulk(Array.from({ length: size }, () => job)));

/** One listener for all: what its documentation has for many jobs. */
async function openEvents() {
  const events = new QueueEvents("bench", { connection });
  await events.waitUntilReady();
  return events;
}

/** Adds them, and resolves when each result was received and is right. */
async function runAll(events, total, job, isRight) {
  const all = new Promise((resolve, reject) => {
    let done = 0;
    const hear = ({ returnvalue }) => {
      if (!isRight(returnvalue)) reject(new Error("a wrong answer"));
      if (++done < total) return;
      events.off("completed", hear);
      resolve();
    };
    events.on("completed", hear);
  });
  await addAll(total, job);
  await all;
}

const isHola = ({ data }) => data === "HOLA";
const isFib = (value) => value === 2_178_309;

await runWorkload({
  async W1(count) {
    const events = await openEvents();
    const worker = await startWorker("bullmq-worker.mjs", [port]);
    await runAll(events, Math.min(1000, count), upper, isHola);
    const begin = performance.now();
    await runAll(events, count, upper, isHola);
    const tasksPerSecond = rate(count, begin);
    await endWorkers(worker);
    return { tasksPerSecond };
  },
  async W2(count) {
    const events = await openEvents();
    const worker = await startWorker("bullmq-worker.mjs", [port, 1]);
    const once = async () => {
      const job = await queue.add(upper.name, upper.data);
      if (!isHola(await job.waitUntilFinished(events))) throw new Error("a wrong answer");
    };
    await latencies(100, once);
    const figures = await latencies(count, once);
    await endWorkers(worker);
    return figures;
  },
  async W3(count) {
    const events = await openEvents();
    const worker = await startWorker("bullmq-fib-worker.mjs", [port]);
    await runAll(events, 4, fib, isFib);
    const begin = performance.now();
    await runAll(events, count, fib, isFib);
    const seconds = secondsSince(begin);
    await endWorkers(worker);
    return { seconds };
  },
  async W4(count) {
    const begin = performance.now();
    await addAll(count, upper);
    const submitsPerSecond = rate(count, begin);
    const worker = await startWorker("bullmq-worker.mjs", [port]);
    const drain = performance.now();
    while ((await redis.zcard("bull:bench:completed")) < count)
      await new Promise((wake) => setTimeout(wake, 50));
    const drainedPerSecond = rate(count, drain);
    await endWorkers(worker);
    return { submitsPerSecond, drainedPerSecond };
  },
});
