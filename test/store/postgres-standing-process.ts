/**
 * A process of its own that has a turn which only one may have, and stands still in the middle of it:
 *   node postgres-standing-process.ts URL reap|enter
 */
import { writeSync } from "node:fs";
import { openAt } from "./open-postgres.ts";

const [, , url, turn] = process.argv;

function stand(): never {
  writeSync(1, "stands\n");
  process.kill(process.pid, "SIGSTOP");
  throw new Error("it went on");
}

await using store = await openAt(url!);
if (turn === "reap") await store.reap({ graceMs: 0, limit: 10 }, stand);
else await store.enter("stands", stand, 60_000);
