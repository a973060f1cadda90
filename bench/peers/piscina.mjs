/**
 * Piscina, two threads, in its fastest settings for tasks of no length: `node piscina.mjs - W1|W2|W3|W4 COUNT`.
 * All in the client's own process, and nothing is kept.
 */
import { FixedQueue, Piscina } from "piscina";
import { measureWith } from "./piscina-workloads.mjs";

const isMany = ["W1", "W4"].includes(process.argv[3]);
await measureWith(
  new Piscina({
    filename: new URL("piscina-task.mjs", import.meta.url).href,
    minThreads: 2,
    maxThreads: 2,
    // Where tasks are many and short; one at a time, or long ones, it would only be unfair.
    concurrentTasksPerWorker: isMany ? 64 : 1,
    atomics: "sync",
    taskQueue: new FixedQueue(),
  }),
);
