/** The same work with nothing around it: each thread does its share of fib(32) in one loop. */
import { Worker } from "node:worker_threads";

const CODE = `
  const { parentPort } = require("node:worker_threads");
  const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));
  parentPort.on("message", (times) => { for (let i = 0; i < times; i++) fib(32); parentPort.postMessage(0); });`;

export type BesidePlainLoops = {
  readonly seconds: number;
  readonly idealSeconds: number;
  readonly efficiency: number;
};

/**
 * Half of the loops before and half after what is measured: a machine that grows slower meanwhile does so for both.
 * @param measured the seconds of `count` tasks.
 */
export async function besidePlainLoops(
  count: number,
  threads: number,
  measured: () => Promise<number>,
): Promise<BesidePlainLoops> {
  const half = Math.ceil(count / 2);
  const before = await plainLoops(half, threads);
  const seconds = await measured();
  const idealSeconds = before + (await plainLoops(count - half, threads));
  return { seconds, idealSeconds, efficiency: idealSeconds / seconds };
}

async function plainLoops(count: number, threads: number): Promise<number> {
  const workers = Array.from({ length: threads }, () => new Worker(CODE, { eval: true }));
  const transfer: [] = [];
  const round = (times: readonly number[]): Promise<unknown> =>
    Promise.all(
      workers.map((worker, at) => {
        const done = new Promise((resolve) => worker.once("message", resolve));
        worker.postMessage(times[at], transfer);
        return done;
      }),
    );
  await round(workers.map(() => 4));
  const begin = performance.now();
  await round(workers.map((_, at) => Math.floor((count + at) / threads)));
  const seconds = (performance.now() - begin) / 1000;
  await Promise.all(workers.map((worker) => worker.terminate()));
  return seconds;
}
