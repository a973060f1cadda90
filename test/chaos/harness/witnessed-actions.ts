/** The actions of a run: each execution is written down before it begins and after it ended, and its result is known beforehand. */
import { openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { threadId } from "node:worker_threads";
import { defineActions, type Context } from "../../../src/actions/define.ts";
import { nowMs } from "./history.ts";
import { resultOf, type Payload, type Result } from "./work.ts";
import { idTailOf, RECORD_BYTES, writeRecord, type Moment } from "./witness-record.ts";

const folder = process.env["CHAOS_WITNESS"];
const file = folder === undefined ? null : openSync(join(folder, `${process.pid}-${threadId}`), "a");
const record = Buffer.alloc(RECORD_BYTES);

function writeDown({ n }: Payload, { attempt, task }: Context, moment: Moment): void {
  if (file === null) return;
  writeRecord(record, { n, attempt, pid: process.pid, idTail: idTailOf(task.id), at: nowMs(), moment });
  writeSync(file, record);
}

async function run(given: unknown, context: Context): Promise<Result> {
  const payload = given as Payload;
  writeDown(payload, context, "begun");
  let moment: Moment = "left";
  try {
    if (payload.ms > 0) await delay(payload.ms, undefined, { signal: context.signal });
    if (payload.isPoison) process.kill(process.pid, "SIGKILL");
    if (context.attempt <= (payload.failures ?? 0))
      throw new Error(`attempt ${context.attempt} fails as told`);
    moment = "done";
    return resultOf(payload, context.attempt);
  } finally {
    writeDown(payload, context, moment);
  }
}

export default defineActions({
  /** Shares its threads with all others. */
  quick: { attempts: 5, backoff: "100ms", run },
  /** Sleeps: many of them in each thread, in a line of their own. */
  slow: { concurrency: 60, attempts: 5, backoff: "100ms", run },
  /** Ends its process, every time. */
  poison: { concurrency: 2, run },
  /** One at a time on each node: what goes first is seen. */
  ordered: { concurrency: 1, run },
});
