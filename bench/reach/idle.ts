/** What a node that nobody asks takes of a core. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { processesUnder } from "../process-tree.ts";
import type { Measure } from "./measure.ts";
import { startNode } from "./node.ts";

const SETTLE_MS = 5000;
const WATCH_MS = 10_000;
const NANOS_PER_MS = 1e6;

export const idle: Measure = {
  name: "IDLE",
  goals: [{ says: "processor time at rest, % of one core", figure: "percentOfCore", atMost: 1 }],
  async run({ isQuick }, onProgress) {
    await using node = await startNode();
    await delay(isQuick ? 100 : SETTLE_MS);
    const watchMs = isQuick ? 300 : WATCH_MS;
    const before = nanosOf(node.pid);
    const startedAt = performance.now();
    await delay(watchMs);
    const ms = performance.now() - startedAt;
    const nanos = nanosOf(node.pid) - before;
    onProgress(1, 1);
    return { seconds: ms / 1000, percentOfCore: (nanos / NANOS_PER_MS / ms) * 100 };
  },
};

/** Thread by thread, as the scheduler counts: hundredths of a second would be too coarse for so little. */
function nanosOf(root: number): number {
  let sum = 0;
  for (const { pid } of processesUnder([root])) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      try {
        sum += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
      } catch {
        // It ended meanwhile.
      }
    }
  }
  return sum;
}
