/** Entry of a pool process. It obeys its parent alone and does not outlive it, even while its threads spin. */
import { writeFileSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { Socket } from "node:net";
import { getPriority, setPriority } from "node:os";
import { CONTROL_FD, ControlPipe } from "./control-pipe.ts";
import type { FromProcess, ToProcess } from "./control-messages.ts";
import { Supervisor } from "./supervisor.ts";

/** It ends without warning, so what was compiled is kept while it lives. */
const KEEP_AFTER_MS = 1000;

/** Of a processor that both want handlers get a third of what the node does. */
const BEHIND_NODE = 5;
const LOWEST = 19;

/** SIGKILL, because a thread that cannot be ended would hold up an orderly exit for ever. */
function die(): void {
  process.kill(process.pid, "SIGKILL");
}

const pipe = new Socket({ fd: CONTROL_FD });
pipe.on("end", die).on("close", die);
// The terminal and service managers signal the whole group; the parent decides what becomes of the work.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
process.title = "tanda pool";
setTimeout(flushCompileCache, KEEP_AFTER_MS).unref();
try {
  // When the machine runs out of memory, users' code goes first, never the node.
  writeFileSync("/proc/self/oom_score_adj", "1000");
} catch {
  // not Linux, or not allowed
}

try {
  // Threads have it of the one that makes them. Where handlers take every processor, the node still answers.
  setPriority(Math.min(LOWEST, getPriority() + BEHIND_NODE));
} catch {
  // not allowed
}

let supervisor: Supervisor | null = null;
const control = new ControlPipe<ToProcess, FromProcess>(
  pipe,
  (message) => {
    if (message.type !== "start") supervisor?.obey(message);
    else
      supervisor ??= new Supervisor(
        message.settings,
        (said) => control.send(said),
        () => setTimeout(die, 5),
      );
  },
  die,
);
