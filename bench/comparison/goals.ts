import type { Goal } from "../goals.ts";

const TANDA_W1 = ["W1 tanda 1-connection", "W1 tanda 4-connections"];
const TANDA_W4 = ["W4 tanda 1-connection", "W4 tanda 4-connections"];

export const goals: readonly Goal[] = [
  {
    says: "W1 × BullMQ, fsync always",
    of: TANDA_W1,
    to: ["W1 bullmq always"],
    figure: "tasksPerSecond",
    atLeast: 12,
  },
  {
    says: "W1 × Piscina",
    of: TANDA_W1,
    to: ["W1 piscina defaults", "W1 piscina tuned"],
    figure: "tasksPerSecond",
    atLeast: 1.5,
  },
  { says: "W2 p50 × a commit of SQLite", of: ["W2 tanda"], to: ["W2 commit"], figure: "p50Ms", atMost: 3 },
  {
    says: "W2 p50 × BullMQ, fsync always",
    of: ["W2 tanda"],
    to: ["W2 bullmq always"],
    figure: "p50Ms",
    atMost: 0.3,
  },
  {
    says: "W2 p99 × its p50",
    of: ["W2 tanda"],
    figure: "p99Ms",
    to: ["W2 tanda"],
    toFigure: "p50Ms",
    atMost: 6,
  },
  { says: "W3 efficiency", of: ["W3 tanda"], figure: "efficiency", atLeast: 0.97 },
  {
    says: "W4 drain × BullMQ, fsync always",
    of: TANDA_W4,
    to: ["W4 bullmq always"],
    figure: "drainedPerSecond",
    atLeast: 6,
  },
  { says: "W4 submits a second", of: TANDA_W4, figure: "submitsPerSecond", atLeast: 100_000 },
];
