/**
 * Measures a node on this machine, client included: `npm run bench`, or some of it: `npm run bench -- W1 W2 --rounds 5`.
 * A table for a person, and all figures of all rounds as JSON in bench/results/.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { alone } from "./alone.ts";
import { readArguments, USAGE, type Plan } from "./arguments.ts";
import { peers } from "./comparison/suite.ts";
import { distributed } from "./distributed/main.ts";
import { judge } from "./goals.ts";
import { interruptible } from "./interruption.ts";
import { overload } from "./overload/main.ts";
import { profile } from "./profile/suite.ts";
import { reach } from "./reach/main.ts";
import { newReport, readReport, writeBeside, type Report } from "./report.ts";
import { runRounds } from "./rounds.ts";
import type { Suite } from "./suite.ts";

const [first, ...rest] = process.argv.slice(2);
if (first?.toLowerCase() === "reach") process.exit(await reach(rest));
if (first?.toLowerCase() === "overload") process.exit(await overload(rest));

const suites: ReadonlyMap<string, Suite> = new Map([
  ["alone", alone],
  ["distributed", distributed],
  ["peers", peers],
  ["profile", profile],
]);
const RESULTS = fileURLToPath(new URL("results/", import.meta.url));

const plan = readArguments(process.argv.slice(2), suites, "alone");
if (plan === "help") console.log(USAGE);
else if ("wrong" in plan) {
  console.error(plan.wrong);
  process.exitCode = 2;
} else await run(plan);

async function run({ from, results, chart, isMarkdown, ...what }: Plan): Promise<void> {
  const report = from === null ? await interruptible(() => measure(what)) : readReport(from);
  const suite = suites.get(report.suite)!;
  console.log(`\n${suite.show(report, { isMarkdown })}\n`);
  const picture = suite.draw?.(report);
  if (from === null) keep(report, results ?? RESULTS, picture);
  if (picture !== undefined && chart !== null) writeFileSync(chart, picture);
}

function keep(report: Report, folder: string, picture: string | undefined): void {
  if (picture !== undefined) writeBeside(folder, report, "svg", picture);
  const file = writeBeside(folder, report, "json", `${JSON.stringify(report, null, 2)}\n`);
  console.log(`All figures: ${file}`);
}

async function measure(plan: Omit<Plan, "from" | "results" | "chart" | "isMarkdown">): Promise<Report> {
  const suite = suites.get(plan.suite)!;
  await using opened = await suite.open(plan.names, plan.size);
  for (const { name, why } of opened.leftOut) console.error(`${name} is left out: ${why}`);
  const { results, failed } = await runRounds(opened.measures, plan.rounds);
  if (failed.length > 0) process.exitCode = 1;
  const { rounds, size } = plan;
  const goals = judge(suite.goals, results);
  const leftOut = [...opened.leftOut, ...failed];
  return newReport({
    suite: plan.suite,
    rounds,
    isQuick: size.isQuick,
    versions: opened.versions(),
    leftOut,
    goals,
    results,
  });
}
