/** Where the time of a task goes: `npm run bench -- profile [--tasks 400000] [--connections 4]`. */
import type { Suite } from "../suite.ts";
import { QUICK } from "../workloads.ts";
import { draw } from "./picture.ts";
import { show } from "./table.ts";
import { profileW1 } from "./w1.ts";

const TASKS = 400_000;
const CONNECTIONS = 4;

export const profile: Suite = {
  names: ["W1"],
  goals: [],
  isSized: true,
  async open(_names, { isQuick, tasks, connections }) {
    const size = {
      tasks: tasks ?? (isQuick ? QUICK.W1 : TASKS),
      connections: connections ?? CONNECTIONS,
    };
    const isLinux = process.platform === "linux";
    return {
      measures: isLinux ? [{ name: "W1", run: (onProgress) => profileW1(size, onProgress) }] : [],
      leftOut: isLinux ? [] : [{ name: "W1", why: "processor time of threads is read from /proc, of Linux" }],
      versions: () => ({ V8: process.versions.v8 }),
      async [Symbol.asyncDispose]() {},
    };
  },
  show,
  draw,
};
