/** Entry of a pool process. It obeys its parent alone and does not outlive it, even while its threads spin. */
import { writeFileSync } from "node:fs";
import type { FromProcess, ToProcess } from "./control-messages.ts";
import { Supervisor } from "./supervisor.ts";

/** SIGKILL, because a thread that cannot be ended would hold up an orderly exit for ever. */
function die(): void {
  process.kill(process.pid, "SIGKILL");
}

process.on("disconnect", die);
if (!process.connected) die();
// The terminal and service managers signal the whole group; the parent decides what becomes of the work.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
process.title = "tanda pool";
try {
  // When the machine runs out of memory, users' code goes first, never the node.
  writeFileSync("/proc/self/oom_score_adj", "1000");
} catch {
  // not Linux, or not allowed
}

let supervisor: Supervisor | null = null;
const send = (message: FromProcess): void => {
  if (process.connected) process.send?.(message);
};
process.on("message", (message: ToProcess) => {
  if (message.type === "start")
    supervisor ??= new Supervisor(message.settings, send, () => setTimeout(die, 5));
  else supervisor?.obey(message);
});
