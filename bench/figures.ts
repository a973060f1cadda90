/** What figures of several rounds come to, and how they are written. */
import type { Result } from "./workloads.ts";

export type Spread = { readonly median: number; readonly least: number; readonly most: number };

/** @returns null where none of the rounds has the figure. */
export function spreadOf(results: readonly Result[], name: string, figure: string): Spread | null {
  const sorted = results
    .filter(({ workload }) => workload === name)
    .map(({ figures }) => figures[figure])
    .filter((value) => value !== undefined)
    .sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const middle = sorted.length / 2;
  const median = (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
  return { median, least: sorted[0]!, most: sorted.at(-1)! };
}

/** Three digits that count, and all before the point. */
export function format(value: number): string {
  if (Math.abs(value) >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString("en");
  return value.toFixed(Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3);
}

/** "" where all rounds said the same. */
export function formatSpread({ least, most }: Spread): string {
  return format(least) === format(most) ? "" : `${format(least)} – ${format(most)}`;
}
