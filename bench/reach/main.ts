/** The other promises of speed and size, each with its goal: `npm run bench -- reach [SDK HTTP …] [--rounds 3]`. */
import { awaits } from "./awaits.ts";
import { backlog } from "./backlog.ts";
import { connections } from "./connections.ts";
import { fair } from "./fair.ts";
import { http } from "./http.ts";
import { idle } from "./idle.ts";
import { long } from "./long.ts";
import type { Measure } from "./measure.ts";
import { priority } from "./priority.ts";
import { ready } from "./ready.ts";
import { runMeasures } from "./run-measures.ts";
import { resident } from "./resident.ts";
import { sdk } from "./sdk.ts";
import { stored } from "./stored.ts";

/** The last takes minutes, and is measured when it is asked for. */
const ALL: readonly Measure[] = [
  sdk,
  http,
  connections,
  stored,
  awaits,
  idle,
  ready,
  resident,
  backlog,
  fair,
  priority,
  long,
];

const USAGE = `npm run bench -- reach [NAME …] [--rounds 3] [--minutes 10] [--quick] [--out FOLDER]
NAME is one of ${ALL.map(({ name }) => name).join(", ")}; all but LONG unless named.
--minutes is for LONG, --quick only shows that a measure works, --out is where the figures go as JSON.`;

/** @returns the exit code: whether a goal is reached is told, and fails nothing. */
export function reach(args: string[]): Promise<number> {
  return runMeasures({ name: "reach", all: ALL, unusual: long, usage: USAGE }, args);
}
