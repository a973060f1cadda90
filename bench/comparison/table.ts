/** One run for a person: a table for each workload, then the goals; on a terminal, or as Markdown for a page. */
import { format, formatSpread, type Spread } from "../figures.ts";
import { formatGoal } from "../goals.ts";
import type { Report } from "../report.ts";
import { lackingIn, rowsOf, sections, type Row, type Section } from "./rows.ts";
import { doesIn } from "./systems.ts";

type Cells = readonly string[];
/** Figures stand right, words left. */
type Table = { readonly head: Cells; readonly rows: readonly Cells[]; readonly isRight: readonly boolean[] };

export function show(report: Report, { isMarkdown }: { readonly isMarkdown: boolean }): string {
  const write = isMarkdown ? asMarkdown : asText;
  const parts = sections.flatMap((section) => {
    const rows = rowsOf(report, section);
    if (rows.length === 0) return [];
    const heading = `${section.workload}. ${section.says}`;
    return [
      isMarkdown ? `**${heading}**` : heading,
      write(tableOf(section, rows, report.rounds > 1)),
      ...lacking(report, section),
    ];
  });
  if (report.leftOut.length > 0) {
    const list = report.leftOut.map(({ name, why }) => `${name} (${why})`);
    parts.push(`Not measured: ${list.join("; ")}.`);
  }
  if (report.goals.length > 0) {
    parts.push(isMarkdown ? asMarkdown(goalTable(report)) : report.goals.map(formatGoal).join("\n"));
  }
  return [headOf(report), ...parts].join("\n\n");
}

function headOf({ node, cores, cpu, rounds, versions, isQuick }: Report): string {
  const others = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const what = isQuick ? "A try with a few tasks: its figures mean nothing. " : "";
  return `${what}Node ${node}, ${cores} cores (${cpu ?? "unknown"}), client, worker and server on the same machine; ${others.join(", ")}. ${rounds === 1 ? "One round" : `Median (least – most) of ${rounds} rounds`}.`;
}

function tableOf(section: Section, rows: readonly Row[], isSpread: boolean): Table {
  const figures = section.columns
    .toReversed()
    .flatMap(({ title, unit }) => [
      unit === "ms" ? `${title}, ms` : title,
      ...(isSpread ? ["least – most"] : []),
    ]);
  const cells = (it: Spread | null): Cells => [
    it ? format(it.median) : "–",
    ...(isSpread ? [it ? formatSpread(it) : ""] : []),
  ];
  return {
    head: ["", ...figures, "Tanda is", "result back", "kept", "flushed"],
    rows: rows.map(({ system, spreads, tandaIs }) => {
      const does = doesIn(system, section.workload);
      return [
        system.title,
        ...spreads.toReversed().flatMap(cells),
        tandaIs === null ? "" : `${format(tandaIs)} ×`,
        does.back,
        does.kept,
        does.flushed,
      ];
    }),
    isRight: [false, ...figures.map(() => true), true, false, false, false],
  };
}

function lacking(report: Report, { workload }: Section): string[] {
  const lines = [...lackingIn(report, workload)].map(([why, titles]) => `– ${titles.join("; ")} (${why})`);
  return lines.length > 0 ? [lines.join("  \n")] : [];
}

function goalTable({ goals }: Report): Table {
  return {
    head: ["goal", "demanded", "measured", ""],
    rows: goals.map(({ says, demanded, value, isReached }) => [
      says,
      demanded,
      format(value),
      isReached ? "reached" : "not reached",
    ]),
    isRight: [false, false, true, false],
  };
}

function asText({ head, rows, isRight }: Table): string {
  const all = [head, ...rows];
  const widths = head.map((_, at) => Math.max(...all.map((cells) => cells[at]!.length)));
  const line = (cells: Cells): string =>
    cells
      .map((cell, at) => (isRight[at] ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)))
      .join("  ")
      .trimEnd();
  return all.map(line).join("\n");
}

function asMarkdown({ head, rows, isRight }: Table): string {
  const line = (cells: Cells): string => `| ${cells.join(" | ")} |`;
  const ruler = isRight.map((it) => (it ? "---:" : "---"));
  return [head, ruler, ...rows].map(line).join("\n");
}
