import { latencies, rate, secondsSince } from "./timing.mjs";
import { runWorkload } from "./workloads.mjs";

const WARM_UP = 2000;

export async function measureWith(pool) {
  const upper = async () => {
    const { data } = await pool.run({ action: "upper", payload: "hola" }, { name: "upper" });
    if (data !== "HOLA") throw new Error("a wrong answer");
  };
  const fib = async () => {
    if ((await pool.run({ n: 32 }, { name: "fib" })) !== 2_178_309) throw new Error("a wrong answer");
  };
  const all = (total, once) => Promise.all(Array.from({ length: total }, once));
  const inLanes = (total, lanes) => {
    let left = total;
    return all(lanes, async () => {
      while (left-- > 0) await upper();
    });
  };

  await runWorkload({
    async W1(count) {
      await all(Math.min(WARM_UP, count), upper);
      const begin = performance.now();
      await inLanes(count, 1000);
      return { tasksPerSecond: rate(count, begin) };
    },
    async W2(count) {
      await all(Math.min(WARM_UP, count), upper);
      return latencies(count, upper);
    },
    async W3(count) {
      await all(8, fib);
      const begin = performance.now();
      await all(count, fib);
      return { seconds: secondsSince(begin) };
    },
    /** Its queue cannot be filled first: its threads begin at once, and the drain is from the first to the last. */
    async W4(count) {
      await all(Math.min(WARM_UP, count), upper);
      const begin = performance.now();
      await all(count, upper);
      return { drainedPerSecond: rate(count, begin) };
    },
  });
}
