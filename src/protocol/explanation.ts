import type { State } from "../task/state.ts";

/** Why a task does not run yet, or what became of it. `reason` is a closed list; `text` says it to a person. */
export type Explanation = {
  task: string;
  state: State;
  reason:
    | "final"
    | "running"
    | "paused"
    | "not_due"
    | "not_served"
    | "waiting"
    | "at_concurrency"
    | "suspect"
    | "drained";
  text: string;
  dueAt?: number;
  /** How many start before it; a floor when `isFloor`. */
  position?: number;
  isFloor?: boolean;
  /** By the rate measured over the last 10 s. */
  expectedStartAt?: number;
};
