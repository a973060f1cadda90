/**
 * Measures a node on this machine, client included: `npm run bench`, or some of it: `npm run bench -- W1 W2 --rounds 5`.
 * A table for a person, and all figures of all rounds as JSON in bench/results/.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { SingleBar } from "cli-progress";
import { page } from "./page.ts";
import { measures, openServers, ratios } from "./distributed/main.ts";
import { w1, w2, w3, w4, type Progress, type Result } from "./workloads.ts";

type Work = (onProgress: Progress) => Promise<Result>;

const alone: ReadonlyMap<string, Work> = new Map<string, Work>([
  ["W1", (onProgress) => w1(200_000, onProgress)],
  ["W2", (onProgress) => w2(2000, onProgress)],
  ["W3", (onProgress) => w3(64, onProgress)],
  ["W4", (onProgress) => w4(200_000, onProgress)],
  ["PAGE", (onProgress) => page(300_000, onProgress)],
]);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "3" },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) {
  console.log(`npm run bench [-- W1 W2 W3 W4] [--rounds 3]                  a node alone
npm run bench -- PAGE [--rounds 3]                           what it costs a node that its page is open
npm run bench -- distributed [W1 "W4 tanda" …] [--rounds 3]  the whole drawing, beside its peers`);
  process.exit(0);
}
const rounds = Number(values.rounds);
const isDistributed = positionals[0]?.toLowerCase() === "distributed";
const wanted = isDistributed ? positionals.slice(1) : positionals.map((name) => name.toUpperCase());
await using servers = isDistributed ? await openServers() : null;
const workloads: ReadonlyMap<string, Work> =
  servers === null
    ? alone
    : new Map(measures.map(({ name, run }) => [name, (onProgress: Progress) => run(servers, onProgress)]));
const names =
  wanted.length > 0
    ? wanted.flatMap((word) => {
        const found = [...workloads.keys()].filter((name) => name === word || name.startsWith(`${word} `));
        return found.length > 0 ? found : [word];
      })
    : // The page needs a browser, and is measured when it is asked for.
      [...workloads.keys()].filter((name) => name !== "PAGE");
const unknown = names.find((name) => !workloads.has(name));
if (unknown || !Number.isInteger(rounds) || rounds < 1) {
  console.error(
    unknown
      ? `There is no ${unknown}; there are ${[...workloads.keys()].join(", ")}.`
      : "--rounds takes a whole number",
  );
  process.exit(2);
}

const results: Result[] = [];
for (let round = 1; round <= rounds; round++) {
  for (const name of names) {
    const { figures } = await withBar(`${name} round ${round}/${rounds}`, workloads.get(name)!);
    results.push({ workload: name, figures });
  }
}
show(results);
if (isDistributed) showRatios(results);
const report = {
  at: new Date().toISOString(),
  node: process.version,
  cpu: cpus()[0]?.model,
  cores: availableParallelism(),
  results,
};
mkdirSync(new URL("results/", import.meta.url), { recursive: true });
const file = new URL(`results/${report.at.replaceAll(":", "-")}.json`, import.meta.url);
writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
console.log(`All figures: ${file.pathname}`);

async function withBar(title: string, measure: (onProgress: Progress) => Promise<Result>): Promise<Result> {
  const bar = new SingleBar({
    format: `${title} [{bar}] {percentage}%`,
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
  });
  bar.start(1, 0);
  const result = await measure((done, total) => bar.update(done / total));
  bar.stop();
  return result;
}

function show(all: readonly Result[]): void {
  console.log(
    `\nNode ${process.version}, ${availableParallelism()} cores, client and node on the same machine. Median (least – most) of ${rounds}.\n`,
  );
  for (const name of names) {
    const of = all.filter((result) => result.workload === name);
    for (const figure of Object.keys(of[0]!.figures)) {
      const sorted = of.map((result) => result.figures[figure]!).sort((a, b) => a - b);
      const [least, median, most] = [sorted[0]!, sorted[Math.floor(sorted.length / 2)]!, sorted.at(-1)!];
      const spread = least === most ? "" : `  (${format(least)} – ${format(most)})`;
      console.log(
        `${name.padEnd(isDistributed ? 18 : 4)} ${figure.padEnd(18)} ${format(median).padStart(12)}${spread}`,
      );
    }
  }
  console.log();
}

function format(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(3);
}

function showRatios(all: readonly Result[]): void {
  const median = (name: string, figure: string): number => {
    const sorted = all
      .filter(({ workload }) => workload === name)
      .map(({ figures }) => figures[figure] ?? NaN)
      .sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? NaN;
  };
  console.log("");
  for (const { says, of, to, figure, atLeast, atMost } of ratios) {
    const ratio = median(of, figure) / median(to, figure);
    if (Number.isNaN(ratio)) continue;
    const isReached = atLeast === undefined ? ratio <= atMost! : ratio >= atLeast;
    const goal = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`;
    console.log(`${says}: ${ratio.toFixed(2)} (${goal}: ${isReached ? "reached" : "not reached"})`);
  }
}
