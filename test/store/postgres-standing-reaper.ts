/** A process of its own that finds lost workers, and stands still in the middle of it: node postgres-standing-reaper.ts URL */
import { writeSync } from "node:fs";
import { openAt } from "./open-postgres.ts";

await using store = await openAt(process.argv[2]!);
await store.reap({ graceMs: 0, limit: 10 }, () => {
  writeSync(1, "reaps\n");
  process.kill(process.pid, "SIGSTOP");
  throw new Error("it went on");
});
