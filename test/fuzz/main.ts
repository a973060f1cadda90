// Gives everything that reads what it should not be given:   npm run fuzz
//   npm run fuzz -- --inputs 1000000 --seed 7    so many, of this seed (default 100,000 of seed 1)
//   npm run fuzz -- --only http,websocket        of these kinds alone
//   npm run fuzz -- --replay FILE                one kept input again
// What was kept in corpus/ is run first. An input that fails is cut to the least that fails, printed, and kept there.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { corpusOf, escaped, keep, kindOf, readInput, unescaped } from "./corpus.ts";
import type { Held } from "./doors.ts";
import { inputOf, KINDS, type Kind } from "./inputs.ts";
import { Trials, type Failure } from "./trials.ts";

const { values } = parseArgs({
  options: {
    inputs: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
    jobs: { type: "string", default: "2" },
    replay: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  },
});
/** Of a thousand inputs, how many of each kind. What goes through sockets costs a hundred times as much as what does not. */
const SHARES: Readonly<Record<Kind, number>> = {
  parsers: 747,
  lines: 30,
  inline: 15,
  http: 35,
  websocket: 20,
  proxy: 10,
  parcels: 140,
  rows: 3,
};
const BATCH: Readonly<Record<Kind, number>> = {
  parsers: 2000,
  lines: 400,
  inline: 400,
  http: 400,
  websocket: 400,
  proxy: 400,
  parcels: 4000,
  rows: 100,
};
const TELL_EVERY_MS = 10_000;
/** Nothing heard of a job for so long: something does not end. */
const HUNG_MS = 300_000;
const MOST_FAILURES = 20;

type Batch = { readonly kind: Kind; readonly from: number; readonly count: number };
type Done = Batch & {
  readonly failures: readonly { kind: Kind; why: string; input: string | null }[];
  readonly job: number;
  readonly answered: number;
  readonly held: Held | null;
};

const seed = Number(values.seed);
if (process.send) await work();
else if (values.help) help();
else if (values.replay !== undefined) await replay(values.replay);
else await many();

/** In a process of its own: batches come, what was found goes. */
async function work(): Promise<void> {
  Error.stackTraceLimit = 5;
  const trials = new Trials();
  const corpora = new Map<Kind, Buffer[]>();
  process.on("message", (batch: Batch) => void run(batch));
  process.on("disconnect", () => void trials[Symbol.asyncDispose]().then(() => process.exit(0)));
  process.send!("ready");
  async function run(batch: Batch): Promise<void> {
    const { kind, from, count } = batch;
    const corpus = corpora.get(kind) ?? corpusOf(kind);
    corpora.set(kind, corpus);
    const inputs = Array.from({ length: count }, (_, i) => inputOf(seed, kind, from + i, corpus));
    const failures = await trials.run(kind, inputs);
    process.send!({
      ...batch,
      failures: failures.map(({ input, ...rest }) => ({
        ...rest,
        input: input === null ? null : escaped(input),
      })),
      job: process.pid,
      answered: trials.answered,
      held: trials.held,
    } satisfies Done);
  }
}

async function replay(file: string): Promise<void> {
  await using trials = new Trials();
  const failures = await trials.run(kindOf(file), [readInput(file)], true);
  for (const failure of failures) console.log(`fails: ${failure.why}`);
  if (failures.length === 0) console.log("holds.");
  process.exitCode = failures.length === 0 ? 0 : 1;
}

async function many(): Promise<void> {
  const chosen: readonly Kind[] = values.only === undefined ? KINDS : values.only.split(",").map(kindNamed);
  const begun = performance.now();
  const failures: Failure[] = [];
  await replayCorpus(chosen, failures);
  const total = Number(values.inputs);
  const sum = chosen.reduce((all, kind) => all + SHARES[kind], 0);
  const batches = chosen.flatMap((kind) => batchesOf(kind, Math.round((total * SHARES[kind]) / sum)));
  // Kinds mixed: a node is under fire while readers run beside it, and the end is not all of one kind.
  batches.sort((a, b) => a.from / (SHARES[a.kind] * total) - b.from / (SHARES[b.kind] * total));
  const counts = new Map<Kind, number>();
  const jobs = new Map<number, Pick<Done, "answered" | "held">>();
  const told = (): string => {
    const all = [...counts.values()].reduce((a, b) => a + b, 0);
    return `${all} of ${total} inputs, ${Math.round((performance.now() - begun) / 1000)} s, ${failures.length} failed`;
  };
  const timer = setInterval(() => console.log(told()), TELL_EVERY_MS);
  await runAll(batches, (done) => {
    jobs.set(done.job, done);
    counts.set(done.kind, (counts.get(done.kind) ?? 0) + done.count);
    for (const { kind, why, input } of done.failures) {
      const failure = { kind, why, input: input === null ? null : unescaped(input) };
      failures.push(failure);
      report(failure, input, done);
    }
    return failures.length >= MOST_FAILURES;
  });
  clearInterval(timer);
  for (const [kind, count] of counts) console.log(`${kind.padEnd(10)} ${count}`);
  const answered = [...jobs.values()].reduce((sum, job) => sum + job.answered, 0);
  console.log(`Honest clients asked ${answered} times meanwhile.`);
  for (const { held } of jobs.values()) if (held) console.log(tellHeld(held));
  console.log(`Seed ${seed}: ${told()}.`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

function tellHeld({ connections, baseBytes, lastBytes, baseTimers, lastTimers }: Held): string {
  const mib = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1);
  return `A node after ${connections} connections: 0 sockets, ${baseTimers} timers then ${lastTimers}, ${mib(baseBytes)} MiB of heap then ${mib(lastBytes)}.`;
}

async function replayCorpus(chosen: readonly Kind[], failures: Failure[]): Promise<void> {
  await using trials = new Trials();
  for (const kind of chosen) {
    const inputs = corpusOf(kind);
    if (inputs.length === 0) continue;
    for (const failure of await trials.run(kind, inputs, true)) {
      failures.push(failure);
      console.log(
        `FAILED, kept once: ${failure.kind}: ${failure.why}\n  ${failure.input ? escaped(failure.input).slice(0, 2000) : ""}`,
      );
    }
    console.log(`${inputs.length} kept inputs of ${kind} ran.`);
  }
}

function report({ kind, why }: Failure, input: string | null, { from, count }: Batch): void {
  console.log(`\nFAILED ${kind}: ${why}`);
  if (input === null) {
    console.log(
      `  All together of seed ${seed}, ${kind}, from ${from}, ${count} of them; none of them alone.`,
    );
    return;
  }
  console.log(`  ${input.slice(0, 4000)}`);
  const file = keep(kind, unescaped(input));
  console.log(`  npm run fuzz -- --replay ${file}\n`);
}

function batchesOf(kind: Kind, count: number): Batch[] {
  const batches: Batch[] = [];
  for (let from = 0; from < count; from += BATCH[kind])
    batches.push({ kind, from, count: Math.min(BATCH[kind], count - from) });
  return batches;
}

/** @param onDone says whether that is enough. */
async function runAll(batches: readonly Batch[], onDone: (done: Done) => boolean): Promise<void> {
  const queue = [...batches];
  const job = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = fork(fileURLToPath(import.meta.url), ["--seed", String(seed)]);
      let batch: Batch | undefined;
      let watch: NodeJS.Timeout | undefined;
      const give = (): void => {
        clearTimeout(watch);
        batch = queue.shift();
        if (batch === undefined) return child.disconnect();
        watch = setTimeout(() => {
          child.kill("SIGKILL");
        }, HUNG_MS);
        child.send(batch);
      };
      child.on("message", (said: "ready" | Done) => {
        if (said !== "ready" && onDone(said)) queue.length = 0;
        give();
      });
      child.on("exit", (code) => {
        clearTimeout(watch);
        if (code === 0) resolve();
        else
          reject(
            new Error(
              `A job ended with ${code} in ${JSON.stringify(batch)}: something crashed it, or did not end.`,
            ),
          );
      });
    });
  await Promise.all(Array.from({ length: Number(values.jobs) }, job));
}

function kindNamed(name: string): Kind {
  const kind = KINDS.find((known) => known === name);
  if (kind === undefined) throw new Error(`There is no kind ${name}: ${KINDS.join(", ")}.`);
  return kind;
}

function help(): void {
  console.log(`Inputs made from the grammar and spoilt, for everything that reads. What was kept is run first.

  npm run fuzz                                 100,000 inputs of seed 1, in two jobs
  npm run fuzz -- --inputs N --seed S          so many, others
  npm run fuzz -- --only lines,inline,http,websocket,proxy,rows,parcels,parsers
  npm run fuzz -- --replay test/fuzz/corpus/FILE
  npm run fuzz -- --jobs 1`);
}
