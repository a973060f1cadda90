/** A node under more than it can do: `npm run overload [-- STEADY IDLE DEAF UNREAD BURST] [--rounds 3] [--quick]`. */
import type { Measure } from "../reach/measure.ts";
import { runMeasures } from "../reach/run-measures.ts";
import { burst } from "./burst.ts";
import { deaf } from "./deaf.ts";
import { idle } from "./idle.ts";
import { processor, steady } from "./steady.ts";
import { unread } from "./unread.ts";

const ALL: readonly Measure[] = [steady, processor, idle, deaf, unread, burst];

const USAGE = `npm run overload [-- NAME …] [--rounds 3] [--quick] [--out FOLDER]
STEADY     5 × capacity, tasks that wait; beside it clients that ask for little
PROCESSOR  the same with tasks that only compute: clients and node share the processors
IDLE       8,000 idle connections and 1,000 that send a byte at a time
DEAF       clients that read nothing of what they asked for: results, lists and all events at once
UNREAD     the same, of one kind at a time; and all of them at another node beside
BURST      a million submits, as fast as they go in
--quick only shows that a measure works, --out is where the figures go as JSON.`;

/** @returns the exit code: whether a goal is reached is told, and fails nothing. */
export function overload(args: string[]): Promise<number> {
  return runMeasures({ name: "overload", all: ALL, usage: USAGE }, args);
}
