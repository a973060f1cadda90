/** At the end, every task that was run more than once: whether it might be. */
import type { Audit } from "./audit.ts";
import type { Verdicts } from "./verdicts.ts";
import type { Execution, Witness } from "./witness.ts";

export type RunsTold = {
  /** Tasks that began more than once, but for those that failed and were tried again as they are to. */
  readonly again: number;
  /** Two runs of one task at the same time. */
  readonly overlapping: number;
};

/** @param ids of the tasks that were run more than once. */
export async function checkRuns(
  witness: Witness,
  audit: Audit,
  ids: ReadonlyMap<number, string>,
  verdicts: Verdicts,
): Promise<RunsTold> {
  let again = 0;
  let overlapping = 0;
  for (const [n, unsorted] of witness.several) {
    const runs = [...unsorted].sort((a, b) => a.begunAt - b.begunAt);
    if (runs.some((run, i) => i > 0 && isUnasked(runs[i - 1]!, run))) again++;
    const seen = new Set<number>();
    for (const { attempt } of runs) {
      if (attempt > 1 && seen.has(attempt))
        verdicts.break("I3", `attempt ${attempt} of order ${n} was run twice`, n);
      seen.add(attempt);
    }
    const isFirstOnce = runs.filter(({ attempt }) => attempt === 1).length === 1;
    for (const [i, younger] of runs.entries())
      for (const older of runs.slice(0, i)) {
        if (older.endedAt === null || older.endedAt <= younger.begunAt) continue;
        overlapping++;
        const id = ids.get(n);
        if (older.attempt === younger.attempt || id === undefined) continue;
        // It may begin behind the one that has overtaken it: a message was late, or whoever had claimed it stood still.
        const overtaken = Math.min(older.attempt, younger.attempt);
        const hadLapsed = await audit.hadLapsed(id, overtaken);
        // A first attempt may ride: then it has no lease, and nobody takes it away. Of two of them, one may have been claimed.
        if (hadLapsed || (overtaken === 1 && (hadLapsed === null || !isFirstOnce))) continue;
        const told = `attempts ${older.attempt} and ${younger.attempt} of order ${n} ran at once`;
        verdicts.break("I3", `${told}: ${runs.map(describe).join(", ")}; ${await audit.story(id)}`, n);
      }
  }
  verdicts.checked("I3");
  return { again, overlapping };
}

/** Not the next attempt of one that failed by itself. */
function isUnasked(before: Execution, run: Execution): boolean {
  const hasFailed = before.endedAt !== null && !before.isDone && before.endedAt <= run.begunAt;
  return !(hasFailed && run.attempt === before.attempt + 1);
}

function describe({ attempt, pid, begunAt, endedAt, isDone }: Execution): string {
  const end = endedAt === null ? "no end" : `${isDone ? "done" : "left"} at ${endedAt.toFixed(0)}`;
  return `attempt ${attempt} in ${pid} from ${begunAt.toFixed(0)}, ${end}`;
}
