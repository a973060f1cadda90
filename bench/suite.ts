/** Measures that belong together and are run as one: a node alone, the whole drawing, beside its peers. */
import type { Goal } from "./goals.ts";
import type { Report } from "./report.ts";
import type { Progress, Result } from "./workloads.ts";

/** A measure's name begins with its workload: those of one workload are run one after the other. */
export type Measure = { readonly name: string; readonly run: (onProgress: Progress) => Promise<Result> };

export type LeftOut = { readonly name: string; readonly why: string };

/** With everything there that its measures need. */
export type OpenSuite = AsyncDisposable & {
  readonly measures: readonly Measure[];
  readonly leftOut: readonly LeftOut[];
  /** Of what is measured, by name; asked for when all has been measured. */
  versions(): Readonly<Record<string, string>>;
};

/** How much: what is not told is the suite's to choose. */
export type Size = {
  readonly isQuick: boolean;
  readonly tasks?: number;
  readonly connections?: number;
};

export type Suite = {
  readonly names: readonly string[];
  /** Measured only when asked for. */
  readonly unusual?: readonly string[];
  readonly goals: readonly Goal[];
  /** It can be told how many tasks and connections. */
  readonly isSized?: true;
  open(names: readonly string[], size: Size): Promise<OpenSuite>;
  /** For a person. */
  show(report: Report, how: { readonly isMarkdown: boolean }): string;
  /** An SVG, where there is something to draw. */
  draw?(report: Report): string;
};

/** @returns undefined where a word names nothing. */
export function namesOf(suite: Suite, word: string): string[] | undefined {
  const found = suite.names.filter((name) =>
    ` ${name} `.toLowerCase().includes(` ${word.trim().toLowerCase()} `),
  );
  return found.length > 0 ? found : undefined;
}
