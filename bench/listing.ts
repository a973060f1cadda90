/** The plain way to show a run: a line for every figure of every measure. */
import { format, formatSpread, spreadOf } from "./figures.ts";
import { formatGoal } from "./goals.ts";
import type { Report } from "./report.ts";

export function list({ node, cores, rounds, results, goals, leftOut }: Report): string {
  const names = [...new Set(results.map(({ workload }) => workload))].sort();
  const width = Math.max(0, ...names.map((name) => name.length));
  const lines = names.flatMap((name) =>
    Object.keys(results.find(({ workload }) => workload === name)!.figures).map((figure) => {
      const spread = spreadOf(results, name, figure)!;
      const between = formatSpread(spread);
      const line = `${name.padEnd(width)} ${figure.padEnd(18)} ${format(spread.median).padStart(12)}`;
      return between === "" ? line : `${line}  (${between})`;
    }),
  );
  const head = `Node ${node}, ${cores} cores, client and node on the same machine. Median (least – most) of ${rounds}.`;
  const missing = leftOut.map(({ name, why }) => `${name}: ${why}`);
  return [head, "", ...lines, "", ...goals.map(formatGoal), ...missing].join("\n");
}
