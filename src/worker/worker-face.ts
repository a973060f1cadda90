/** What others ask of a worker; and the worker of a process that runs no tasks. */
import type { Worker } from "./worker.ts";

export type WorkerFace = Pick<
  Worker,
  "handOf" | "inHand" | "isInQuarantine" | "cancel" | "doubt" | "pools" | "isDrained" | "drain" | "resume"
>;

export const noWorker: WorkerFace = {
  handOf: () => undefined,
  inHand: 0,
  isInQuarantine: () => false,
  cancel: () => false,
  doubt() {},
  pools: () => [],
  isDrained: false,
  drain() {},
  resume() {},
};
