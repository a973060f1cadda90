/** From the start of the program to the first PONG, in a fresh folder: from the sources, and as it is published. */
import { medianOf, type Measure } from "./measure.ts";
import { startNode } from "./node.ts";
import { layOutPackage } from "./package-layout.ts";

const STARTS = 7;

export const ready: Measure = {
  name: "READY",
  goals: [
    { says: "from start to PONG, sources, ms", figure: "sourcesMs", atMost: 500 },
    { says: "from start to PONG, as published, ms", figure: "publishedMs", atMost: 500 },
  ],
  async run({ isQuick }, onProgress) {
    await using layout = await layOutPackage();
    const starts = isQuick ? 1 : STARTS;
    const times: { sources: number[]; published: number[] } = { sources: [], published: [] };
    // The first start of each finds cold files, and counts for nothing.
    for (let at = isQuick ? 0 : -1; at < starts; at++) {
      for (const [name, program] of [["sources"], ["published", layout.program]] as const) {
        await using node = await startNode(program === undefined ? {} : { program });
        if (at >= 0) times[name].push(node.readyMs);
      }
      onProgress(at + 1, starts);
    }
    return {
      starts,
      sourcesMs: medianOf(times.sources),
      sourcesMostMs: Math.max(...times.sources),
      publishedMs: medianOf(times.published),
      publishedMostMs: Math.max(...times.published),
    };
  },
};
