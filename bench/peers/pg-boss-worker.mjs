/** `pg-boss-worker.mjs URL upper|fib BATCH LANES` */
import "./ends-with-parent.mjs";
import { PgBoss } from "pg-boss";
import { fib } from "./fib.mjs";

const [connectionString, what, batchSize, localConcurrency] = process.argv.slice(2);
const boss = new PgBoss({ connectionString, useListenNotify: true, schedule: false, max: 10 });
boss.on("error", (error) => console.error(error.message));
await boss.start();
const options = {
  batchSize: Number(batchSize),
  localConcurrency: Number(localConcurrency),
  // Hints come by NOTIFY; these are the least it allows.
  pollingIntervalSeconds: 0.5,
  notifyPollingIntervalSeconds: 0.5,
  burstWhenBatchFull: true,
  perJobResults: true,
};
const work = what === "fib" ? ({ n }) => fib(n) : ({ payload }) => payload.toUpperCase();
await boss.work("bench", options, async (jobs) =>
  jobs.map(({ id, data }) => ({ id, status: "completed", output: { ok: true, data: work(data) } })),
);
process.send("ready");
