/** Processor time of processes, as Linux counts it. */
import { processesUnder } from "./process-tree.ts";

/** It counts in hundredths of a second. */
const TICK_US = 10_000;

/** Of these processes and all below them, in microseconds. Linux only. */
export function processorUsOf(roots: readonly number[]): number {
  return processesUnder(roots).reduce((sum, { ticks }) => sum + ticks, 0) * TICK_US;
}
