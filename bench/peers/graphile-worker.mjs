/**
 * graphile-worker, with its local queue and batched completions: `node graphile-worker.mjs URL W1|W2|W3|W4 COUNT`.
 * It returns and keeps no results: a job has ended when its row is gone. Who needs a result writes SQL for it, as W2's task does.
 */
import { Logger, makeWorkerUtils } from "graphile-worker";
import { Client, Pool } from "pg";
import { addInLots } from "./adding.mjs";
import { latencies, rate, secondsSince } from "./timing.mjs";
import { endWorkers, startWorker } from "./worker-process.mjs";
import { runWorkload } from "./workloads.mjs";

const connectionString = process.argv[2];
const pool = new Pool({ connectionString, max: 6 });
pool.on("error", () => {});
pool.on("connect", (client) => client.on("error", () => {}));
await pool.query("drop schema if exists graphile_worker cascade");
await pool.query("drop table if exists results");
await pool.query("create table results (job_id bigint primary key, result jsonb not null)");
const graphile = await makeWorkerUtils({ pgPool: pool, logger: new Logger(() => () => {}) });
await graphile.migrate();

const upper = { identifier: "upper", payload: { action: "upper", payload: "hola" } };
const fib = { identifier: "fib", payload: { n: 32 } };
const addAll = (total, job) =>
  addInLots(total, (size) => graphile.addJobs(Array.from({ length: size }, () => job)));
const startGraphileWorker = (lanes, localQueue) =>
  startWorker("graphile-worker-worker.mjs", [connectionString, lanes, localQueue]);

async function untilEmpty(everyMs) {
  for (;;) {
    const { rows } = await pool.query("select count(*) as waiting from graphile_worker._private_jobs");
    if (Number(rows[0].waiting) === 0) return;
    await new Promise((wake) => setTimeout(wake, everyMs));
  }
}

await runWorkload({
  async W1(count) {
    const worker = await startGraphileWorker(24, 500);
    await addAll(300, upper);
    await untilEmpty(20);
    const begin = performance.now();
    await addAll(count, upper);
    await untilEmpty(20);
    const tasksPerSecond = rate(count, begin);
    await endWorkers(worker);
    return { tasksPerSecond };
  },
  async W2(count) {
    // Without the local queue: it is for many, and one job would wait for it.
    const worker = await startGraphileWorker(4, 0);
    const listener = new Client({ connectionString });
    await listener.connect();
    await listener.query("listen result");
    let hear = () => {};
    listener.on("notification", ({ payload }) => hear(JSON.parse(payload)));
    const once = async () => {
      const heard = new Promise((resolve) => (hear = resolve));
      await graphile.addJob("upper-and-tell", upper.payload);
      if ((await heard).data !== "HOLA") throw new Error("a wrong answer");
    };
    await latencies(50, once);
    const figures = await latencies(count, once);
    await endWorkers(worker);
    return figures;
  },
  async W3(count) {
    const workers = await Promise.all([startGraphileWorker(1, 0), startGraphileWorker(1, 0)]);
    await addAll(8, fib);
    await untilEmpty(5);
    const begin = performance.now();
    await addAll(count, fib);
    await untilEmpty(20);
    const seconds = secondsSince(begin);
    await endWorkers(...workers);
    return { seconds };
  },
  async W4(count) {
    const begin = performance.now();
    await addAll(count, upper);
    const submitsPerSecond = rate(count, begin);
    const worker = await startGraphileWorker(24, 500);
    const drain = performance.now();
    await untilEmpty(200);
    const drainedPerSecond = rate(count, drain);
    await endWorkers(worker);
    return { submitsPerSecond, drainedPerSecond };
  },
});
