/** 8,000 connections that say nothing and 1,000 that send a byte at a time, straight to the node; beside them who asks for little. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Measure } from "../reach/measure.ts";
import { startNode } from "../reach/node.ts";
import type { CrowdPlan, CrowdReport } from "./crowd.ts";
import { askHonestly, latencies, ratio } from "./honest.ts";
import { withMemory } from "./watch-memory.ts";

const ENTRY = fileURLToPath(new URL("crowd.ts", import.meta.url));
const REQUEST = '"action":"upper","payload":"hola"';
const BYTE_EVERY_MS = 500;
/** A line may take ten; late ones are looked for once a second. */
const CLOSED_BY_MS = 14_000;
/** No more from one address than a node lets in. */
const IDLE = [
  ["127.0.0.2", 4000],
  ["127.0.0.3", 4000],
] as const;
const DRIBBLING = ["127.0.0.4", 1000] as const;

export const idle: Measure = {
  name: "IDLE",
  goals: [
    { says: "p99 beside 8,000 idle and 1,000 dribbling, to unloaded", figure: "ratio", atMost: 2 },
    { says: "dribbling connections open after the time of a line", figure: "dribblingOpen", atMost: 0 },
    { says: "idle connections that were closed", figure: "idleClosed", atMost: 0 },
    { says: "honest requests not answered", figure: "besideUnanswered", atMost: 0 },
    { says: "memory at most, all processes, MiB", figure: "mostMiB", atMost: 500 },
  ],
  async run({ isQuick }, onProgress) {
    const share = isQuick ? 0.02 : 1;
    const seconds = isQuick ? 2 : 8;
    await using node = await startNode();
    const { port, pid } = node;
    await askHonestly(port, REQUEST, 2);
    const alone = await askHonestly(port, REQUEST, seconds);
    onProgress(1, 3);
    const children: ChildProcess[] = [];
    const start = async (
      address: string,
      count: number,
      byteEveryMs: number,
    ): Promise<() => Promise<number>> => {
      const child = fork(ENTRY);
      children.push(child);
      const heard = async (): Promise<number> => ((await once(child, "message")) as [CrowdReport])[0].open;
      child.send({ port, address, connections: Math.ceil(count * share), byteEveryMs } satisfies CrowdPlan);
      await heard();
      return () => {
        child.send("again");
        return heard();
      };
    };
    try {
      const { mostMiB, value } = await withMemory(pid, async () => {
        const idles = await Promise.all(IDLE.map(([address, count]) => start(address, count, 0)));
        const dribbling = await start(...DRIBBLING, BYTE_EVERY_MS);
        const begunAt = performance.now();
        onProgress(2, 3);
        const beside = await askHonestly(port, REQUEST, seconds);
        const [open] = await Promise.all([
          sumOf(idles),
          delay(Math.max(0, CLOSED_BY_MS - (performance.now() - begunAt))),
        ]);
        return { beside, open, dribblingOpen: await dribbling() };
      });
      const figures = { ...latencies("alone", alone), ...latencies("beside", value.beside) };
      const all = IDLE.reduce((sum, [, count]) => sum + Math.ceil(count * share), 0);
      onProgress(3, 3);
      return {
        ...figures,
        ratio: ratio(figures, "beside", "alone"),
        idle: all,
        idleClosed: all - value.open,
        dribblingOpen: value.dribblingOpen,
        mostMiB,
      };
    } finally {
      for (const child of children) child.kill("SIGKILL");
    }
  },
};

async function sumOf(asked: readonly (() => Promise<number>)[]): Promise<number> {
  const counts = await Promise.all(asked.map((ask) => ask()));
  return counts.reduce((sum, one) => sum + one, 0);
}
