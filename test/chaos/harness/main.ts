// The whole drawing as real processes, and faults:   npm run chaos -- --help
import { readFileSync, writeFileSync } from "node:fs";
import { installPrograms, needs } from "../../../scripts/system-programs.ts";
import { PLANTED } from "./bugs.ts";
import { FAULTS } from "./faults/all.ts";
import type { Fault } from "./fault.ts";
import { HELP, readSettings, type Settings } from "./settings.ts";
import { print } from "./summary.ts";

const PROGRAMS = ["haproxy", "postgres", "rabbitmq-server", "radosgw", "ceph-mon", "ceph-osd", "faketime"];
/** Seeds that once failed, with their set: run again before all others by whoever mends them. */
const KEPT = new URL("../seeds.json", import.meta.url);

const { settings, wish } = readSettings(process.argv.slice(2), () => Math.floor(Math.random() * 1e9));
if (wish === "help") console.log(HELP);
else if (wish === "list") list();
else await start(settings);

function list(): void {
  for (const { kind, name } of FAULTS) console.log(`${kind.padEnd(4)} ${name}`);
  console.log("");
  for (const { name, what } of PLANTED) console.log(`bug  ${name}: ${what}`);
}

async function start(settings: Settings): Promise<void> {
  installPrograms(PROGRAMS);
  const missing = PROGRAMS.map((name) => needs(name).skip).filter((skip) => skip !== false);
  if (missing.length > 0) throw new Error(missing.join("\n"));
  // Loaded when all is there: these files look for their programs at once.
  const { run } = await import("./run.ts");
  const parts = new AsyncDisposableStack();
  endAlsoWhenBroken(parts);
  const summary = await run(settings, chosen(settings), parts);
  print(summary);
  if (!summary.passed && settings.bug === null) keep(settings);
  await parts.disposeAsync();
  // A run that found what it looked for may be in the middle of a fault.
  process.exit(summary.passed ? 0 : 1);
}

/** No box is left behind by a run that is interrupted, or whose harness has an error of its own. */
function endAlsoWhenBroken(parts: AsyncDisposableStack): void {
  const end = (why: unknown): void => {
    console.error(why);
    void parts.disposeAsync().finally(() => process.exit(2));
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, end);
  process.once("uncaughtException", end);
}

function chosen({ faults, bug }: Settings): readonly Fault[] {
  const planted = PLANTED.find(({ name }) => name === bug);
  if (bug !== null && planted === undefined) throw new Error(`There is no bug ${bug}: see --list.`);
  const names = faults ?? planted?.faults ?? FAULTS.map(({ name }) => name);
  return names.map((name) => {
    const fault = FAULTS.find((one) => one.name === name);
    if (fault === undefined) throw new Error(`There is no fault ${name}: see --list.`);
    return fault;
  });
}

function keep({ seed, set }: Settings): void {
  const kept = JSON.parse(readFileSync(KEPT, "utf8")) as { seed: number; set: string }[];
  if (kept.some((one) => one.seed === seed && one.set === set)) return;
  writeFileSync(KEPT, `${JSON.stringify([...kept, { seed, set }])}\n`);
  console.log("The seed was written to test/chaos/seeds.json.");
}
