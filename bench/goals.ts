/** What is demanded of one measure, or of one against another, by the medians of one run. */
import { format, spreadOf } from "./figures.ts";
import type { Result } from "./workloads.ts";

export type Goal = {
  readonly says: string;
  /** Names of measures: the best of them counts. */
  readonly of: readonly string[];
  readonly figure: string;
  /** Beside the best of these; the figure itself where there are none. */
  readonly to?: readonly string[];
  /** Theirs, where it is another. */
  readonly toFigure?: string;
  /** One of the two; it tells too whether more is better. */
  readonly atLeast?: number;
  readonly atMost?: number;
};

export type Judged = {
  readonly says: string;
  readonly demanded: string;
  readonly value: number;
  readonly isReached: boolean;
  /** The measures that were the best, where there was a choice. */
  readonly by: readonly string[];
};

/** @returns only those of which everything was measured. */
export function judge(goals: readonly Goal[], results: readonly Result[]): Judged[] {
  return goals.flatMap((goal) => {
    const { says, of, figure, to, toFigure = figure, atLeast, atMost } = goal;
    const isMoreBetter = atLeast !== undefined;
    const own = best(results, of, figure, isMoreBetter);
    const other = to && best(results, to, toFigure, isMoreBetter);
    if (own === null || other === null) return [];
    const value = own.value / (other?.value ?? 1);
    const by = [own, ...(other ? [other] : [])].filter((one) => one.ofHowMany > 1).map(({ name }) => name);
    const demanded = isMoreBetter
      ? `at least ${atLeast.toLocaleString("en")}`
      : `at most ${atMost!.toLocaleString("en")}`;
    return [{ says, demanded, value, isReached: isMoreBetter ? value >= atLeast : value <= atMost!, by }];
  });
}

export function formatGoal({ says, demanded, value, isReached, by }: Judged): string {
  const which = by.length > 0 ? `; best: ${by.join(", ")}` : "";
  return `${says}: ${format(value)} (${demanded}: ${isReached ? "reached" : "not reached"}${which})`;
}

function best(
  results: readonly Result[],
  names: readonly string[],
  figure: string,
  isMoreBetter: boolean,
): { name: string; value: number; ofHowMany: number } | null {
  const measured = names.flatMap((name) => {
    const spread = spreadOf(results, name, figure);
    return spread === null ? [] : [{ name, value: spread.median }];
  });
  const sign = isMoreBetter ? -1 : 1;
  const [first] = measured.sort((a, b) => sign * (a.value - b.value));
  return first === undefined ? null : { ...first, ofHowMany: measured.length };
}
