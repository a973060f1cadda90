/** What a node and all below it hold, second by second, and whether it grows. */
import { readdirSync, readlinkSync } from "node:fs";
import { processesUnder } from "../process-tree.ts";
import { residentOf } from "../reach/resident.ts";

export const HELD = ["memoryMiB", "files", "sockets", "threads", "temporaryFiles"] as const;
export type Held = Readonly<Record<(typeof HELD)[number], number>>;
export type Sample = Held & { readonly second: number };

/** What the median of the last third may be over that of the first third, after the warm-up: a share, and so much anyway. */
const MAY_GROW: Readonly<Record<keyof Held, readonly [share: number, anyway: number]>> = {
  memoryMiB: [0.15, 32],
  files: [0.05, 8],
  sockets: [0.05, 8],
  threads: [0.05, 4],
  temporaryFiles: [0.05, 16],
};
const WARM_UP = 0.2;

export function look(root: number, folder: string): Held {
  const held = { memoryMiB: residentOf(root).pssMiB, files: 0, sockets: 0, threads: 0, temporaryFiles: 0 };
  for (const { pid } of processesUnder([root])) {
    const links = listed(`/proc/${pid}/fd`);
    held.files += links.length;
    held.sockets += links.filter((name) => isSocket(`/proc/${pid}/fd/${name}`)).length;
    held.threads += listed(`/proc/${pid}/task`).length;
  }
  held.temporaryFiles = listed(folder).length;
  return held;
}

export type Growth = {
  readonly what: keyof Held;
  readonly first: number;
  readonly last: number;
  readonly most: number;
  readonly bound: number;
  readonly isFlat: boolean;
};

export function growthOf(samples: readonly Sample[]): Growth[] {
  const warm = samples.slice(Math.floor(samples.length * WARM_UP));
  const third = Math.ceil(warm.length / 3);
  return HELD.map((what) => {
    const values = warm.map((sample) => sample[what]);
    const [first, last] = [medianOf(values.slice(0, third)), medianOf(values.slice(-third))];
    const [share, anyway] = MAY_GROW[what];
    const bound = first * (1 + share) + anyway;
    return { what, first, last, most: Math.max(...values), bound, isFlat: last <= bound };
  });
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // It ended meanwhile.
    return [];
  }
}

function isSocket(link: string): boolean {
  try {
    return readlinkSync(link).startsWith("socket:");
  } catch {
    return false;
  }
}
