/** `graphile-worker-worker.mjs URL LANES LOCAL_QUEUE` */
import "./ends-with-parent.mjs";
import { Logger, run } from "graphile-worker";
import { Pool } from "pg";
import { fib } from "./fib.mjs";

const TELL = `
  with kept as (insert into results (job_id, result) values ($1, $2) returning result)
  select pg_notify('result', result::text) from kept`;
const [connectionString, lanes, size] = process.argv.slice(2);
const pool = new Pool({ connectionString, max: Number(lanes) + 2 });
pool.on("error", () => {});
pool.on("connect", (client) => client.on("error", () => {}));
const many = { localQueue: { size: Number(size) }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };
const upper = ({ payload }) => ({ ok: true, data: payload.toUpperCase() });
await run({
  pgPool: pool,
  preset: {
    worker: { concurrentJobs: Number(lanes), pollInterval: 2000, ...(Number(size) > 0 ? many : {}) },
  },
  taskList: {
    upper: async (payload) => void upper(payload),
    "upper-and-tell": (payload, task) => task.query(TELL, [task.job.id, JSON.stringify(upper(payload))]),
    fib: async ({ n }) => void fib(n),
  },
  logger: new Logger(() => (level, message) => level === "error" && console.error(message)),
  noHandleSignals: true,
});
process.send("ready");
