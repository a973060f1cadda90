/** States as they are numbered in the table. */
import { isFinal, STATES } from "../../../src/task/state.ts";

export const QUEUED = STATES.indexOf("queued");
export const RUNNING = STATES.indexOf("running");
export const DONE = STATES.indexOf("done");
export const FAILED = STATES.indexOf("failed");
export const CANCELLED = STATES.indexOf("cancelled");
/** The first of them is the lowest. */
export const FINAL_STATES: readonly number[] = STATES.flatMap((state, n) => (isFinal(state) ? [n] : []));
