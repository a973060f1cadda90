/** What is measured, and what is demanded of it. */
import type { Progress } from "../workloads.ts";

export type Figures = Record<string, number>;

export type Size = {
  /** So little that it only shows that the measure works. */
  readonly isQuick: boolean;
  /** For the one that is measured by time. */
  readonly minutes: number;
};

export type Goal = {
  readonly says: string;
  readonly figure: string;
  readonly atLeast?: number;
  readonly atMost?: number;
};

export type Measure = {
  readonly name: string;
  readonly goals: readonly Goal[];
  run(size: Size, onProgress: Progress): Promise<Figures>;
};

export type Verdict = Goal & {
  readonly measure: string;
  readonly value: number;
  readonly isReached: boolean;
};

/** Of the medians of all rounds. */
export function judge({ name, goals }: Measure, rounds: readonly Figures[]): Verdict[] {
  return goals.map((goal) => {
    const value = medianOf(rounds.map((figures) => figures[goal.figure] ?? NaN));
    const isReached = value >= (goal.atLeast ?? -Infinity) && value <= (goal.atMost ?? Infinity);
    return { ...goal, measure: name, value, isReached };
  });
}

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** The time that a share of all stays within. */
export function quantileOf(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
