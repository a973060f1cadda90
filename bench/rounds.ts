/** Every measure once a round, in turns: whoever was first in one round is not in the next. */
import { SingleBar } from "cli-progress";
import { isInterrupted } from "./interruption.ts";
import type { LeftOut, Measure } from "./suite.ts";
import type { Progress, Result } from "./workloads.ts";

export type Rounds = { readonly results: readonly Result[]; readonly failed: readonly LeftOut[] };

/** What fails is left out of its round, and the others have their turns. */
export async function runRounds(measures: readonly Measure[], rounds: number): Promise<Rounds> {
  const results: Result[] = [];
  const failed: LeftOut[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const { name, run } of inTurn(measures, round, rounds)) {
      const turn = `${name} round ${round + 1}/${rounds}`;
      try {
        const { figures } = await withBar(turn, run);
        results.push({ workload: name, figures });
      } catch (error) {
        if (isInterrupted()) throw error;
        const { message, stack } = error as Error;
        console.error(`${turn} failed: ${stack}`);
        failed.push({ name, why: `round ${round + 1} failed: ${message}` });
      }
    }
  }
  return { results, failed };
}

/** What is compared stays together: a machine's minutes differ. */
export function inTurn(measures: readonly Measure[], round: number, rounds: number): Measure[] {
  const groups = Map.groupBy(measures, ({ name }) => name.split(" ")[0]!);
  return rotated([...groups.values()], round, rounds).flatMap((group) => rotated(group, round, rounds));
}

function rotated<T>(list: readonly T[], round: number, rounds: number): T[] {
  const by = (round * Math.max(1, Math.floor(list.length / rounds))) % list.length;
  return [...list.slice(by), ...list.slice(0, by)];
}

async function withBar(title: string, measure: (onProgress: Progress) => Promise<Result>): Promise<Result> {
  const bar = new SingleBar({
    format: `${title} [{bar}] {percentage}%`,
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
  });
  // The cursor comes back, however this ends.
  const stop = (): void => bar.stop();
  process.once("exit", stop);
  bar.start(1, 0);
  try {
    return await measure((done, total) => bar.update(done / total));
  } finally {
    stop();
    process.off("exit", stop);
  }
}
