/** Measures by name, each once a round: a table for a person, and all figures as JSON. */
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { SingleBar } from "cli-progress";
import { judge, medianOf, type Figures, type Measure, type Size, type Verdict } from "./measure.ts";

export type Measures = {
  readonly name: string;
  readonly all: readonly Measure[];
  /** Measured only when asked for. */
  readonly unusual?: Measure;
  readonly usage: string;
};

/** @returns the exit code: whether a goal is reached is told, and fails nothing. */
export async function runMeasures(
  { name: suite, all, unusual, usage }: Measures,
  args: string[],
): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "3" },
      minutes: { type: "string", default: "10" },
      quick: { type: "boolean", default: false },
      out: { type: "string", default: fileURLToPath(new URL("../results", import.meta.url)) },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const names = positionals.map((name) => name.toUpperCase());
  const [rounds, minutes] = [Number(values.rounds), Number(values.minutes)];
  const isKnown = names.every((wanted) => all.some(({ name }) => name === wanted));
  const isRight = isKnown && Number.isInteger(rounds) && rounds > 0 && minutes > 0;
  if (values.help || !isRight) {
    console.log(usage);
    return values.help ? 0 : 2;
  }
  const measures = all.filter((it) => (names.length > 0 ? names.includes(it.name) : it !== unusual));
  const size: Size = { isQuick: values.quick, minutes };
  const results = new Map<Measure, Figures[]>(measures.map((measure) => [measure, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const measure of measures) {
      results.get(measure)!.push(await withBar(measure, `${measure.name} round ${round}/${rounds}`, size));
    }
  }
  const verdicts = measures.flatMap((measure) => judge(measure, results.get(measure)!));
  show(results, verdicts);
  const report = {
    at: new Date().toISOString(),
    node: process.version,
    cpu: cpus()[0]?.model,
    cores: availableParallelism(),
    rounds,
    isQuick: size.isQuick,
    results: [...results].flatMap(([{ name }, all]) => all.map((figures) => ({ workload: name, figures }))),
    goals: verdicts,
  };
  mkdirSync(values.out, { recursive: true });
  const file = join(values.out, `${suite}-${report.at.replaceAll(":", "-")}.json`);
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  console.log(`All figures: ${file}`);
  return 0;
}

async function withBar(measure: Measure, title: string, size: Size): Promise<Figures> {
  const bar = new SingleBar({
    format: `${title} [{bar}] {percentage}%`,
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
  });
  bar.start(1, 0);
  try {
    return await measure.run(size, (done, total) => bar.update(done / total));
  } finally {
    bar.stop();
  }
}

function show(results: ReadonlyMap<Measure, readonly Figures[]>, verdicts: readonly Verdict[]): void {
  console.log(
    `\nNode ${process.version}, ${availableParallelism()} cores, client and node on the same machine. Median (least – most).\n`,
  );
  for (const [{ name }, rounds] of results) {
    for (const figure of Object.keys(rounds[0]!)) {
      const values = rounds.map((figures) => figures[figure]!);
      const [least, most] = [Math.min(...values), Math.max(...values)];
      const spread = least === most ? "" : `  (${format(least)} – ${format(most)})`;
      console.log(`${name.padEnd(12)}${figure.padEnd(22)} ${format(medianOf(values)).padStart(12)}${spread}`);
    }
  }
  console.log();
  for (const { measure, says, value, atLeast, atMost, isReached } of verdicts) {
    const goal = atLeast === undefined ? `at most ${format(atMost!)}` : `at least ${format(atLeast)}`;
    const verdict = isReached ? "reached" : "not reached";
    console.log(`${measure.padEnd(12)}${says}: ${format(value)} (${goal}: ${verdict})`);
  }
  console.log();
}

function format(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString("en");
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(3);
}
