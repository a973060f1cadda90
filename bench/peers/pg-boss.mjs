/**
 * pg-boss, in its fastest settings: `node pg-boss.mjs URL W1|W2|W3|W4 COUNT`. It keeps results and tells no client of an end:
 * who waits asks.
 */
import { Pool } from "pg";
import { PgBoss } from "pg-boss";
import { addInLots } from "./adding.mjs";
import { latencies, rate, secondsSince } from "./timing.mjs";
import { endWorkers, startWorker } from "./worker-process.mjs";
import { runWorkload } from "./workloads.mjs";

const connectionString = process.argv[2];
const pool = new Pool({ connectionString, max: 4 });
await pool.query("drop schema if exists pgboss cascade");
const boss = new PgBoss({ connectionString, schedule: false, supervise: false, max: 6 });
boss.on("error", (error) => console.error(error.message));
await boss.start();
await boss.createQueue("bench", { notify: true, partition: true });

const upper = { action: "upper", payload: "hola" };
const addAll = (total, data = upper) =>
  addInLots(total, (size) =>
    boss.insert(
      "bench",
      Array.from({ length: size }, () => ({ data })),
    ),
  );
const startBossWorker = (...args) => startWorker("pg-boss-worker.mjs", [connectionString, ...args]);

/** Asked more often, the asking would take from those who work. */
async function until(total, everyMs) {
  for (;;) {
    const { rows } = await pool.query(
      "select count(*) as done from pgboss.job where name = 'bench' and state = 'completed'",
    );
    if (Number(rows[0].done) >= total) return;
    await new Promise((wake) => setTimeout(wake, everyMs));
  }
}

async function checkAll(isRight) {
  const { rows } = await pool.query(
    "select output from pgboss.job where name = 'bench' and state = 'completed'",
  );
  if (!rows.every(({ output }) => isRight(output.data))) throw new Error("a wrong answer");
}

const finish = async (workers, figures) => {
  await endWorkers(...workers);
  await pool.query("drop schema if exists pgboss cascade");
  return figures;
};

await runWorkload({
  async W1(count) {
    const worker = await startBossWorker("upper", 500, 2);
    const warm = Math.min(1000, count);
    await addAll(warm);
    await until(warm, 20);
    const begin = performance.now();
    await addAll(count);
    await until(count + warm, 20);
    await checkAll((data) => data === "HOLA");
    return finish([worker], { tasksPerSecond: rate(count, begin) });
  },
  async W2(count) {
    const worker = await startBossWorker("upper", 1, 1);
    const once = async () => {
      const id = await boss.send("bench", upper);
      for (;;) {
        const [job] = await boss.findJobs("bench", { id });
        if (job?.state === "completed") return;
        await new Promise((wake) => setTimeout(wake, 1));
      }
    };
    await latencies(20, once);
    return finish([worker], await latencies(count, once));
  },
  async W3(count) {
    // Of one job at a time it would wait for the next poll after each.
    const workers = await Promise.all([startBossWorker("fib", 4, 1), startBossWorker("fib", 4, 1)]);
    await addAll(8, { n: 32 });
    await until(8, 5);
    const begin = performance.now();
    await addAll(count, { n: 32 });
    await until(count + 8, 20);
    const seconds = secondsSince(begin);
    await checkAll((data) => data === 2_178_309);
    return finish(workers, { seconds });
  },
  async W4(count) {
    const begin = performance.now();
    await addAll(count);
    const submitsPerSecond = rate(count, begin);
    const worker = await startBossWorker("upper", 500, 2);
    const drain = performance.now();
    await until(count, 200);
    return finish([worker], { submitsPerSecond, drainedPerSecond: rate(count, drain) });
  },
});
