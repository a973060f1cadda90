/** What one run is told: from the command line, over what its set says. */
import { parseArgs } from "node:util";

export type Settings = {
  readonly seed: number;
  readonly set: SetName;
  readonly minutes: number;
  /** It goes on until so many were sent, also past its minutes. */
  readonly tasks: number;
  /** Tasks a second that customers send while all is well. */
  readonly rate: number;
  readonly brokers: number;
  readonly gateways: number;
  readonly workers: number;
  readonly leaseMs: number;
  readonly blobs: "s3" | "folder";
  /** Names of faults; null: all. */
  readonly faults: readonly string[] | null;
  readonly bug: string | null;
  /** Where the history and the summary are written. */
  readonly folder: string;
};

const SETS = {
  ci: { minutes: 5, rate: 120, brokers: 1 },
  long: { minutes: 40, rate: 380, brokers: 3 },
} as const;
export type SetName = keyof typeof SETS;

export const HELP = `Real processes, real faults; what happened is told by a seed.

  npm run chaos -- --set ci                 each kind of fault at least once, in about five minutes
  npm run chaos -- --set long               an hour, three brokers, a million tasks
  npm run chaos -- --seed 4711              the same faults in the same order
  npm run chaos -- --faults kill-gateway,kill-worker --minutes 1
  npm run chaos -- --bug wrong-client       with a planted mistake: it must fail
  npm run chaos -- --list                   the faults and the planted mistakes

  --minutes N --tasks N --rate N            how long, how many, how many a second
  --brokers N --gateways N --workers N      how many of each; --lease MS; --blobs s3|folder
  --folder DIR                              for the history and the summary (.chaos)`;

export type Asked = { readonly settings: Settings; readonly wish: "run" | "help" | "list" };

/** @throws when a word is not known. */
export function readSettings(args: readonly string[], freshSeed: () => number): Asked {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: "string" },
      set: { type: "string", default: "ci" },
      minutes: { type: "string" },
      tasks: { type: "string" },
      rate: { type: "string" },
      brokers: { type: "string" },
      gateways: { type: "string" },
      workers: { type: "string" },
      lease: { type: "string" },
      blobs: { type: "string", default: "s3" },
      faults: { type: "string" },
      bug: { type: "string" },
      folder: { type: "string", default: ".chaos" },
      list: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const set = values.set;
  if (!isSet(set)) throw new Error(`There is no set ${set}: ${Object.keys(SETS).join(", ")}.`);
  if (values.blobs !== "s3" && values.blobs !== "folder") throw new Error("--blobs is s3 or folder.");
  const usual = SETS[set];
  const settings: Settings = {
    seed: number("seed", values.seed, freshSeed()),
    set,
    minutes: number("minutes", values.minutes, usual.minutes),
    tasks: number("tasks", values.tasks, set === "long" ? 1_000_000 : 0),
    rate: number("rate", values.rate, usual.rate),
    brokers: number("brokers", values.brokers, usual.brokers),
    gateways: Math.max(2, number("gateways", values.gateways, 2)),
    workers: Math.max(3, number("workers", values.workers, 3)),
    leaseMs: number("lease", values.lease, 3000),
    blobs: values.blobs,
    faults: values.faults === undefined ? null : values.faults.split(","),
    bug: values.bug ?? null,
    folder: values.folder,
  };
  return { settings, wish: values.help ? "help" : values.list ? "list" : "run" };
}

function isSet(name: string): name is SetName {
  return Object.hasOwn(SETS, name);
}

function number(name: string, told: string | undefined, usual: number): number {
  const value = told === undefined ? usual : Number(told);
  if (!Number.isFinite(value) || value < 0) throw new Error(`--${name} is a number, not ${told}.`);
  return value;
}
