/** What a node at rest keeps in memory: fresh, and after it has worked. */
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { processesUnder } from "../process-tree.ts";
import { RawClient } from "../raw-client.ts";
import type { Figures, Measure } from "./measure.ts";
import { startNode, type NodeOptions } from "./node.ts";
import { layOutPackage } from "./package-layout.ts";
import { isHola, upper } from "./upper.ts";

const SETTLE_MS = 3000;
const REST_MS = 15_000;
const KIB = 1024;

/**
 * Of the process and all below it. Proportional (`pss`): a page that n of them share counts 1/n for each, so that the sum is what
 * the machine would have back. The plain sum (`rss`) counts it n times.
 */
export function residentOf(root: number): { pssMiB: number; rssMiB: number } {
  const sum = { pssMiB: 0, rssMiB: 0 };
  for (const { pid } of processesUnder([root])) {
    try {
      const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
      sum.pssMiB += kilobytes(text, "Pss") / KIB;
      sum.rssMiB += kilobytes(text, "Rss") / KIB;
    } catch {
      // It ended meanwhile.
    }
  }
  return sum;
}

function kilobytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(text)?.[1] ?? 0);
}

export const resident: Measure = {
  name: "RESIDENT",
  goals: [
    { says: "resident at rest, all processes, as published, MiB", figure: "publishedPssMiB", atMost: 180 },
    { says: "… from the sources, MiB", figure: "sourcesPssMiB", atMost: 180 },
  ],
  async run({ isQuick }, onProgress) {
    await using layout = await layOutPackage();
    const tasks = isQuick ? 2000 : 300_000;
    const published = await watch(tasks, isQuick, { program: layout.program });
    onProgress(1, 2);
    const sources = await watch(tasks, isQuick, {});
    onProgress(2, 2);
    return { tasks, ...prefixed("published", published), ...prefixed("sources", sources) };
  },
};

async function watch(tasks: number, isQuick: boolean, options: NodeOptions): Promise<Figures> {
  await using node = await startNode(options);
  await delay(isQuick ? 0 : SETTLE_MS);
  const fresh = residentOf(node.pid);
  const client = await RawClient.open(node.port);
  await client.pipeline(tasks, 1000, upper, isHola);
  client.close();
  await delay(isQuick ? 0 : REST_MS);
  const after = residentOf(node.pid);
  return {
    PssMiB: fresh.pssMiB,
    RssMiB: fresh.rssMiB,
    AfterWorkPssMiB: after.pssMiB,
    AfterWorkRssMiB: after.rssMiB,
  };
}

function prefixed(prefix: string, figures: Figures): Figures {
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [prefix + name, value]));
}
