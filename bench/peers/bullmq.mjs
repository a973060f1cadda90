/** W1 and W4 with BullMQ on a Redis that flushes before it answers: `node bullmq.mjs REDIS_PORT W1|W4 COUNT`, prints JSON. */
import { Queue, QueueEvents } from "bullmq";
import Redis from "ioredis";
import { addInLots } from "./adding.mjs";
import { rate, startWorker } from "./timing.mjs";

const [port, workload, count] = [Number(process.argv[2]), process.argv[3], Number(process.argv[4])];
const connection = { host: "127.0.0.1", port, maxRetriesPerRequest: null };
const redis = new Redis(connection);
await redis.flushall();
// Its events are what a client waits by: trimmed, they would be lost for a slow listener.
const queue = new Queue("bench", { connection, streams: { events: { maxLen: 200_000 } } });
await queue.waitUntilReady();
const job = { name: "upper", data: { action: "upper", payload: "hola" } };

const addAll = (total) => addInLots(total, (size) => queue.addBulk(Array.from({ length: size }, () => job)));

if (workload === "W1") {
  const events = new QueueEvents("bench", { connection });
  await events.waitUntilReady();
  const worker = await startWorker("bullmq-worker.mjs", [port]);
  const finished = (total) =>
    new Promise((resolve, reject) => {
      let done = 0;
      events.removeAllListeners("completed");
      events.on("completed", ({ returnvalue }) => {
        if (returnvalue.data !== "HOLA") reject(new Error("a wrong answer"));
        if (++done === total) resolve();
      });
    });
  const warm = finished(1000);
  await addAll(1000);
  await warm;
  const all = finished(count);
  const begin = performance.now();
  await addAll(count);
  await all;
  console.log(JSON.stringify({ tasksPerSecond: rate(count, begin) }));
  worker.kill();
} else {
  const begin = performance.now();
  await addAll(count);
  const submitsPerSecond = rate(count, begin);
  const worker = await startWorker("bullmq-worker.mjs", [port]);
  const drain = performance.now();
  while ((await redis.zcard("bull:bench:completed")) < count)
    await new Promise((wake) => setTimeout(wake, 50));
  console.log(JSON.stringify({ submitsPerSecond, drainedPerSecond: rate(count, drain) }));
  worker.kill();
}
process.exit(0);
