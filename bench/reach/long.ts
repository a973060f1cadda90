/** W1 for minutes, while retention removes what is too much: speed, memory and disk over time. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { RawClient } from "../raw-client.ts";
import { meanOf, type Measure } from "./measure.ts";
import { startNode } from "./node.ts";
import { countsOf } from "./queue-counts.ts";
import { residentOf } from "./resident.ts";
import { isHola, upper } from "./upper.ts";

const MIB = 1024 * 1024;
/** W1 makes as many in a few seconds, so retention is at work nearly all the time. */
const MAX_FINISHED = 200_000;
const SAMPLE_MS = 2000;
const BUNCH = 20_000;

type Sample = { minutes: number; done: number; pssMiB: number; diskMiB: number; finished: number };

export const long: Measure = {
  name: "LONG",
  goals: [
    { says: "tasks/s, last sixth over the second", figure: "speedRatio", atLeast: 0.9 },
    { says: "resident, last quarter over the third", figure: "pssRatio", atMost: 1.05 },
    { says: "disk, last quarter over the third", figure: "diskRatio", atMost: 1.05 },
    { says: "finished tasks kept, over what may be kept, at most", figure: "keptRatio", atMost: 2 },
  ],
  async run({ isQuick, minutes: told }, onProgress) {
    const minutes = isQuick ? 0.05 : told;
    const sampleMs = isQuick ? 100 : SAMPLE_MS;
    const bunch = isQuick ? 1000 : BUNCH;
    await using node = await startNode({ flags: ["--max-finished", String(MAX_FINISHED)] });
    const [client, asking] = [await RawClient.open(node.port), await RawClient.open(node.port)];
    const samples: Sample[] = [];
    const startedAt = performance.now();
    const now = (): number => (performance.now() - startedAt) / 60_000;
    let done = 0;
    let sampledAt = 0;
    while (now() < minutes) {
      await client.pipeline(bunch, 1000, upper, isHola);
      done += bunch;
      if (performance.now() - sampledAt < sampleMs) continue;
      sampledAt = performance.now();
      const { done: finished } = await countsOf(asking);
      samples.push({
        minutes: now(),
        done,
        pssMiB: residentOf(node.pid).pssMiB,
        diskMiB: diskOf(node.data),
        finished,
      });
      onProgress(Math.min(now(), minutes), minutes);
    }
    for (const open of [client, asking]) open.close();
    const part = (from: number, to: number): Sample[] =>
      samples.filter((sample) => sample.minutes >= from * minutes && sample.minutes <= to * minutes);
    const [third, last] = [part(1 / 2, 3 / 4), part(3 / 4, Infinity)];
    const [early, late] = [speedOf(part(1 / 6, 2 / 6)), speedOf(part(5 / 6, Infinity))];
    const mean = (of: readonly Sample[], figure: keyof Sample): number =>
      meanOf(of.map((sample) => sample[figure]));
    return {
      minutes,
      tasks: done,
      earlyPerSecond: early,
      latePerSecond: late,
      speedRatio: late / early,
      thirdPssMiB: mean(third, "pssMiB"),
      lastPssMiB: mean(last, "pssMiB"),
      pssRatio: mean(last, "pssMiB") / mean(third, "pssMiB"),
      mostPssMiB: Math.max(...samples.map(({ pssMiB }) => pssMiB)),
      pssSlopeMiBPerMinute: slopeOf([...third, ...last], "pssMiB"),
      thirdDiskMiB: mean(third, "diskMiB"),
      lastDiskMiB: mean(last, "diskMiB"),
      diskRatio: mean(last, "diskMiB") / mean(third, "diskMiB"),
      diskSlopeMiBPerMinute: slopeOf([...third, ...last], "diskMiB"),
      maxFinished: MAX_FINISHED,
      lastKept: mean(last, "finished"),
      keptRatio: Math.max(...samples.map(({ finished }) => finished)) / MAX_FINISHED,
    };
  },
};

function diskOf(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const size = statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
    if (entry.isFile()) bytes += size;
  }
  return bytes / MIB;
}

function speedOf(samples: readonly Sample[]): number {
  const [first, last] = [samples[0]!, samples.at(-1)!];
  return (last.done - first.done) / ((last.minutes - first.minutes) * 60);
}

/** Least squares: how much more each minute. */
function slopeOf(samples: readonly Sample[], figure: "pssMiB" | "diskMiB"): number {
  const meanMinutes = meanOf(samples.map(({ minutes }) => minutes));
  const meanValue = meanOf(samples.map((sample) => sample[figure]));
  let up = 0;
  let down = 0;
  for (const sample of samples) {
    up += (sample.minutes - meanMinutes) * (sample[figure] - meanValue);
    down += (sample.minutes - meanMinutes) ** 2;
  }
  return up / down;
}
