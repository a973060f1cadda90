/** One run as rows: each workload's systems, best first, as tables and the chart show them. */
import { spreadOf, type Spread } from "../figures.ts";
import type { Report } from "../report.ts";
import type { Workload } from "../workloads.ts";
import { systems, type System } from "./systems.ts";

export type Column = { readonly figure: string; readonly title: string; readonly unit: string };

export type Section = {
  readonly workload: Workload;
  /** What is done, for a heading. */
  readonly says: string;
  /** By the last of them it is sorted, and Tanda compared. */
  readonly columns: readonly Column[];
  readonly isLessBetter: boolean;
};

export type Row = {
  readonly system: System;
  /** As the columns; null where it has none of that. */
  readonly spreads: readonly (Spread | null)[];
  /** How many times the row's figure Tanda's best is. Null on Tanda's own rows, and where it was not measured. */
  readonly tandaIs: number | null;
};

const P50: Column = { figure: "p50Ms", title: "p50", unit: "ms" };

export const sections: readonly Section[] = [
  {
    workload: "W1",
    says: "Many short tasks, results received",
    columns: [{ figure: "tasksPerSecond", title: "tasks/s", unit: "tasks/s" }],
    isLessBetter: false,
  },
  {
    workload: "W2",
    says: "One at a time",
    columns: [{ figure: "p99Ms", title: "p99", unit: "ms" }, P50],
    isLessBetter: true,
  },
  {
    workload: "W3",
    says: "Computing: fib(32), beside plain loops",
    columns: [{ figure: "efficiency", title: "efficiency", unit: "of plain loops" }],
    isLessBetter: false,
  },
  {
    workload: "W4",
    says: "A backlog: queued with no worker, drained",
    columns: [
      { figure: "submitsPerSecond", title: "submits/s", unit: "tasks/s" },
      { figure: "drainedPerSecond", title: "drained/s", unit: "tasks/s" },
    ],
    isLessBetter: false,
  },
];

/** @returns only what was measured. */
export function rowsOf({ results }: Pick<Report, "results">, section: Section): Row[] {
  const { workload, columns, isLessBetter } = section;
  const measured = systems
    .map((system) => ({
      system,
      spreads: columns.map(({ figure }) => spreadOf(results, `${workload} ${system.id}`, figure)),
    }))
    .filter(({ spreads }) => spreads.at(-1));
  const sign = isLessBetter ? 1 : -1;
  const medianOf = ({ spreads }: { spreads: readonly (Spread | null)[] }): number => spreads.at(-1)!.median;
  measured.sort((a, b) => sign * (medianOf(a) - medianOf(b)));
  const isTanda = ({ system }: { system: System }): boolean => system.promise === "tanda";
  const tanda = measured.find(isTanda);
  return measured.map((row) => ({
    ...row,
    tandaIs: tanda === undefined || isTanda(row) ? null : medianOf(tanda) / medianOf(row),
  }));
}

/** Systems of this run that have nothing of the kind, by the reason. */
export function lackingIn({ results }: Pick<Report, "results">, workload: Workload): Map<string, string[]> {
  const isThere = (system: System): boolean =>
    Object.keys(system.counts).some((of) =>
      results.some((result) => result.workload === `${of} ${system.id}`),
    );
  const lacking = systems.filter((system) => system.lacks?.[workload] !== undefined && isThere(system));
  const byWhy = Map.groupBy(lacking, (system) => system.lacks![workload]!);
  return new Map([...byWhy].map(([why, list]) => [why, list.map(({ title }) => title)]));
}
