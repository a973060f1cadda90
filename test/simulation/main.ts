// Histories of simulated systems, each told by its seed:   npm run simulate
//   npm run simulate -- --histories 100000      so many, from --from on (default 5000, from 1)
//   npm run simulate -- --seed 4711             one history, told as it happens
//   npm run simulate -- --bugs                  plants each known mistake, and fails unless each is caught
//   npm run simulate -- --bug no-fence          one of them
// Seeds that failed are kept in seeds.json, and are run before all others.
import { fork } from "node:child_process";
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import seedsThatFailed from "./seeds.json" with { type: "json" };
import { BUGS, plant, type Bug } from "./bugs.ts";
import type { Told } from "./history.ts";
import { Tally } from "./tally.ts";

const { values } = parseArgs({
  options: {
    histories: { type: "string", default: "5000" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    jobs: { type: "string", default: String(availableParallelism()) },
    bug: { type: "string" },
    bugs: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
/** A bug that so many histories do not show is not caught. */
const MOST_FOR_A_BUG = 2000;
const AT_ONCE = 10;

if (process.send) await work();
else if (values.help) help();
else if (values.seed !== undefined) await one(Number(values.seed));
else if (values.bugs || values.bug !== undefined) await bugs();
else await many();

function bugOf(): Bug | undefined {
  return BUGS.find(({ name }) => name === values.bug);
}

/** What it runs is loaded with the bug, where one is asked for. */
async function loadHistory(): Promise<typeof import("./history.ts").runHistory> {
  const bug = bugOf();
  if (bug) plant(bug);
  return (await import("./history.ts")).runHistory;
}

/** In a process of its own: seeds come, what was told of them goes. */
async function work(): Promise<void> {
  const runHistory = await loadHistory();
  const narrowed = bugOf()?.under ?? null;
  process.on("message", (seeds: number[]) => void run(seeds));
  async function run(seeds: readonly number[]): Promise<void> {
    for (const seed of seeds) {
      const told = await runHistory(seed, () => {}, narrowed);
      process.send!({ ...told, struck: [...told.struck] });
    }
  }
  // Who has heard enough hangs up.
  process.on("disconnect", () => process.exit(0));
  process.send!("ready");
}

async function one(seed: number): Promise<void> {
  const runHistory = await loadHistory();
  const tell = (text: string): boolean => process.stdout.write(`${text}\n`);
  const told = await runHistory(seed, tell, bugOf()?.under ?? null);
  console.log(`\nSeed ${seed}: ${told.shape}, ${told.orders} orders, ${told.executions} executions.`);
  for (const text of told.broken) console.log(`  broken ${text}`);
  if (told.broken.length === 0) console.log("  All rules hold.");
  process.exitCode = told.broken.length === 0 ? 0 : 1;
}

async function many(): Promise<void> {
  const count = Number(values.histories);
  const from = Number(values.from);
  const seeds = [...seedsThatFailed, ...Array.from({ length: count }, (_, n) => from + n)];
  const tally = new Tally(seeds.length);
  await runAll(seeds, null, (told) => {
    tally.add(told);
    return false;
  });
  tally.print();
  if (tally.failed.length === 0) return;
  process.exitCode = 1;
  const kept = [...new Set([...seedsThatFailed, ...tally.failed])];
  writeFileSync(new URL("seeds.json", import.meta.url), `${JSON.stringify(kept)}\n`);
}

async function bugs(): Promise<void> {
  const chosen = BUGS.filter(({ name }) => values.bug === undefined || name === values.bug);
  if (chosen.length === 0)
    throw new Error(`There is no bug ${values.bug}: ${BUGS.map(({ name }) => name).join(", ")}.`);
  let missed = 0;
  const seeds = [...seedsThatFailed, ...Array.from({ length: MOST_FOR_A_BUG }, (_, n) => n + 1)];
  for (const { name, what } of chosen) {
    let caught: Told | null = null;
    let tried = 0;
    await runAll(seeds, name, (told) => {
      tried++;
      if (told.broken.length > 0) caught ??= told;
      return caught !== null;
    });
    const found = caught as Told | null;
    if (found === null) missed++;
    console.log(`${found ? "caught" : "MISSED"}  ${name}: ${what}`);
    if (found) console.log(`        after ${tried} histories, by seed ${found.seed}: ${found.broken[0]}`);
  }
  console.log(`\n${chosen.length - missed} of ${chosen.length} bugs caught.`);
  process.exitCode = missed === 0 ? 0 : 1;
}

/** @param onTold says whether that is enough. */
async function runAll(
  seeds: readonly number[],
  bug: string | null,
  onTold: (told: Told) => boolean,
): Promise<void> {
  let next = 0;
  let isEnough = false;
  const job = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = fork(fileURLToPath(import.meta.url), bug === null ? [] : ["--bug", bug]);
      let owed = 0;
      const give = (): void => {
        const some = isEnough ? [] : seeds.slice(next, next + AT_ONCE);
        next += some.length;
        owed = some.length;
        if (some.length > 0) child.send(some);
        else child.disconnect();
      };
      child.on("message", (said: "ready" | (Omit<Told, "struck"> & { struck: [string, number][] })) => {
        if (said === "ready") return give();
        isEnough ||= onTold({ ...said, struck: new Map(said.struck) });
        if (--owed === 0 || isEnough) give();
      });
      child.on("exit", (code) =>
        code === 0 || isEnough ? resolve() : reject(new Error(`A job ended with ${code}.`)),
      );
    });
  await Promise.all(Array.from({ length: Number(values.jobs) }, job));
}

function help(): void {
  console.log(`Simulated systems of real parts, in virtual time, with faults; each history is told by its seed.

  npm run simulate                            5,000 histories
  npm run simulate -- --histories 100000      more; --from N: from this seed on
  npm run simulate -- --seed 4711             one, told as it happens
  npm run simulate -- --bugs                  plants known mistakes, each of which must be caught
  npm run simulate -- --bug no-fence          one of them; with --seed: its history`);
}
