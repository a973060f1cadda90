/** How fast is the pool alone? Runs of `upper("hola")` with 1,000 in flight, then one at a time. Prints one JSON line. */
import { createProcessPool } from "../src/worker/process-pool.ts";
import type { Pool } from "../src/worker/pool.ts";

const WINDOW = 1000;
const MANY = Number(process.env["N"] ?? 1_000_000);
const FEW = 5000;

const pool = createProcessPool({
  threads: 2,
  actionsFile: null,
  onLog: ({ text }) => process.stderr.write(text),
});
const startedAt = performance.now();
await pool.start();
const startMs = performance.now() - startedAt;
let seq = 0;
let onEnded = (_count: number): void => {};
pool.onEnd((endings) => {
  for (const ending of endings)
    if (ending.type !== "done" || ending.result !== '"HOLA"') throw new Error(JSON.stringify(ending));
  onEnded(endings.length);
});

function send(target: Pool, count: number): void {
  const runs = [];
  for (let n = 0; n < count; n++) {
    seq++;
    runs.push({
      seq,
      task: "0199f3a2-7c00-7000-8000-000000000000",
      action: "upper",
      attempt: 1,
      timeoutMs: 300_000,
      payload: '"hola"',
      payloadBlob: null,
    });
  }
  target.run(runs);
}

function many(count: number): Promise<number> {
  return new Promise((resolve) => {
    const from = performance.now();
    let sent = 0;
    let ended = 0;
    const fill = (): void => {
      const more = Math.min(pool.room("upper"), WINDOW - (sent - ended), count - sent);
      if (more <= 0) return;
      sent += more;
      send(pool, more);
    };
    onEnded = (more) => {
      ended += more;
      if (ended === count) resolve(count / ((performance.now() - from) / 1000));
      else fill();
    };
    pool.onFree(fill);
    fill();
  });
}

async function oneAtATime(count: number): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    const from = performance.now();
    await new Promise<void>((resolve) => {
      onEnded = () => resolve();
      send(pool, 1);
    });
    times.push(performance.now() - from);
  }
  return times.sort((a, b) => a - b);
}

await many(100_000);
const perSecond = await many(MANY);
await oneAtATime(500);
const times = await oneAtATime(FEW);
const at = (share: number): number => Number(times[Math.floor(times.length * share)]!.toFixed(4));
console.log(
  JSON.stringify({
    perSecond: Math.round(perSecond),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    startMs: Math.round(startMs),
  }),
);
await pool.close();
