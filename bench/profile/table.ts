/** The profile for a person: threads, their stages, and what in them costs most. */
import type { Report } from "../report.ts";
import { breakdownOf, isWhole, type Breakdown, type Costing, type ThreadCosts } from "./breakdown.ts";

const MOST_FUNCTIONS = 4;
/** Less is not told by name. */
const LEAST_US = 0.05;

type Line = { readonly name: string; readonly us: string; readonly share: string; readonly says: string };

export function show(report: Report, { isMarkdown }: { readonly isMarkdown: boolean }): string {
  const breakdown = breakdownOf(report);
  const missing = report.leftOut.map(({ name, why }) => `${name}: ${why}`);
  if (breakdown === null) return missing.join("\n");
  const lines = [
    ...breakdown.threads.flatMap((thread) => linesOf(thread, breakdown.us, isMarkdown)),
    sum(breakdown, isMarkdown),
  ];
  const table = isMarkdown ? markdown(lines) : plain(lines);
  return [headOf(report, breakdown), "", ...table, ...missing].join("\n");
}

function headOf(
  { node, cores, rounds, isQuick }: Report,
  { spread, clientUs, connections }: Breakdown,
): string {
  const range = rounds > 1 ? `, mean of ${rounds} rounds (${inUs(spread.least)} – ${inUs(spread.most)})` : "";
  const lines = `${connections} ${connections === 1 ? "connection" : "connections"}`;
  const quick = isQuick ? " A try with a few tasks, not a measurement." : "";
  return `Processor time of a task in W1, ${lines} with 1,000 in flight each${range}; Node ${node}, ${cores} cores. The client takes ${inUs(clientUs)} µs more.${quick}`;
}

function linesOf(thread: ThreadCosts, all: number, isMarkdown: boolean): Line[] {
  const line = (name: string, us: number, says: string): Line => ({
    name,
    us: inUs(us),
    share: shareOf(us / all),
    says,
  });
  const [bold, indent] = isMarkdown ? ["**", ""] : ["", "  "];
  const head = line(`${bold}${thread.title}${bold}`, thread.us, thread.says);
  if (isWhole(thread)) return [head];
  return [
    head,
    ...thread.stages.map(({ name, us, functions }) =>
      line(`${indent}${name}`, us, mostOf(functions, isMarkdown)),
    ),
  ];
}

function sum({ us }: Breakdown, isMarkdown: boolean): Line {
  return { name: isMarkdown ? "**all**" : "all", us: inUs(us), share: "100 %", says: "" };
}

function mostOf(functions: readonly Costing[], isMarkdown: boolean): string {
  if (functions.length < 2) return "";
  const quote = isMarkdown ? "`" : "";
  return functions
    .slice(0, MOST_FUNCTIONS)
    .filter(({ us }) => us >= LEAST_US)
    .map(({ name, us }) => `${quote}${name}${quote} ${inUs(us)}`)
    .join(", ");
}

function shareOf(share: number): string {
  return share > 0 && share < 0.005 ? "< 1 %" : `${Math.round(100 * share)} %`;
}

function inUs(us: number): string {
  return us.toFixed(2);
}

function plain(lines: readonly Line[]): string[] {
  const width = Math.max(...lines.map(({ name }) => name.length));
  return lines.map(({ name, us, share, says }) =>
    `${name.padEnd(width)} ${us.padStart(6)} µs ${share.padStart(6)}  ${says}`.trimEnd(),
  );
}

function markdown(lines: readonly Line[]): string[] {
  return [
    "|  | µs a task | share | most of it |",
    "| --- | ---: | ---: | --- |",
    ...lines.map(({ name, us, share, says }) => `| ${name} | ${us} | ${share} | ${says} |`),
  ];
}
