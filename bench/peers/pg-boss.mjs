/** W1 and W4 with pg-boss, in its fastest settings: `node pg-boss.mjs URL W1|W4 COUNT`. It tells no client of an end: who waits counts. */
import { createRequire } from "node:module";
import { PgBoss } from "pg-boss";
import { addInLots } from "./adding.mjs";
import { rate, startWorker } from "./timing.mjs";

const [connectionString, workload, count] = [process.argv[2], process.argv[3], Number(process.argv[4])];
const { Pool } = createRequire(import.meta.url)("pg");
const pool = new Pool({ connectionString, max: 4 });
await pool.query("drop schema if exists pgboss cascade");
const boss = new PgBoss({ connectionString, schedule: false, supervise: false, max: 6 });
boss.on("error", (error) => console.error(error.message));
await boss.start();
await boss.createQueue("bench", { notify: true, partition: true });

const data = { action: "upper", payload: "hola" };
const addAll = (total) =>
  addInLots(total, (size) =>
    boss.insert(
      "bench",
      Array.from({ length: size }, () => ({ data })),
    ),
  );

async function until(total, everyMs) {
  for (;;) {
    const { rows } = await pool.query(
      "select count(*) as done from pgboss.job where name = 'bench' and state = 'completed'",
    );
    if (Number(rows[0].done) >= total) return;
    await new Promise((wake) => setTimeout(wake, everyMs));
  }
}

if (workload === "W1") {
  const worker = await startWorker("pg-boss-worker.mjs", [connectionString]);
  await addAll(1000);
  await until(1000, 20);
  const begin = performance.now();
  await addAll(count);
  await until(count + 1000, 20);
  const { rows } = await pool.query(
    "select output from pgboss.job where name = 'bench' and state = 'completed'",
  );
  if (rows.some(({ output }) => output.data !== "HOLA")) throw new Error("a wrong answer");
  console.log(JSON.stringify({ tasksPerSecond: rate(count, begin) }));
  worker.kill();
} else {
  const begin = performance.now();
  await addAll(count);
  const submitsPerSecond = rate(count, begin);
  const worker = await startWorker("pg-boss-worker.mjs", [connectionString]);
  const drain = performance.now();
  await until(count, 200);
  console.log(JSON.stringify({ submitsPerSecond, drainedPerSecond: rate(count, drain) }));
  worker.kill();
}
await pool.query("drop schema if exists pgboss cascade");
process.exit(0);
