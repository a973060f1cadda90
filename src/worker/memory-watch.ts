/**
 * Watches what threads hold, because V8's limit alone does not contain them: Buffers lie outside the heap, and a growing Map,
 * string or array that meets the limit aborts the whole process. Some loops cannot be asked at all; for them the
 * process's resident memory has to speak.
 */
import type { ErrorBody } from "../task/errors.ts";
import { outOfMemory } from "./handler-error.ts";
import { monoMs } from "./mono-clock.ts";
import type { SupervisedThread } from "./supervised-thread.ts";

const EVERY_MS = 100;
/** A thread that did not answer for so long is one that cannot be asked. */
const SILENT_MS = 200;
/** The heap counts garbage too. */
const SLACK = 1.25;
const MB = 1_048_576;
/** What a process and a thread need for themselves. */
const PROCESS_BYTES = 150 * MB;
const THREAD_BYTES = 40 * MB;
const RSS_STEP_BYTES = 4 * MB;

export type MemoryVerdicts = {
  threadIsOver(thread: SupervisedThread, error: ErrorBody): void;
  processIsOver(error: ErrorBody): void;
  rss(bytes: number): void;
};

export class MemoryWatch {
  readonly #memoryMb: number;
  readonly #verdicts: MemoryVerdicts;
  #sampledAt = 0;
  #toldBytes = 0;

  constructor(memoryMb: number, verdicts: MemoryVerdicts) {
    this.#memoryMb = memoryMb;
    this.#verdicts = verdicts;
  }

  sample(threads: Iterable<SupervisedThread>, isForced: boolean): void {
    const now = monoMs();
    if (!isForced && now - this.#sampledAt < EVERY_MS) return;
    this.#sampledAt = now;
    const rss = process.memoryUsage.rss();
    if (Math.abs(rss - this.#toldBytes) > RSS_STEP_BYTES) {
      this.#toldBytes = rss;
      this.#verdicts.rss(rss);
    }
    const share = this.#memoryMb * MB;
    const most = share * SLACK;
    let known = PROCESS_BYTES;
    let allowed = PROCESS_BYTES;
    const silent: SupervisedThread[] = [];
    for (const thread of threads) {
      const held = thread.heapBytes + thread.externalBytes;
      known += THREAD_BYTES + held;
      allowed += THREAD_BYTES + most;
      if (thread.isEnding) continue;
      if (thread.externalBytes > share || held > most) {
        const where = thread.externalBytes > share ? "buffers outside its heap" : "its heap";
        this.#verdicts.threadIsOver(thread, outOfMemory(this.#memoryMb, where));
      } else if (thread.askedAt !== null && now - thread.askedAt > SILENT_MS) silent.push(thread);
      else thread.askMemory();
    }
    const [suspect] = silent;
    if (suspect && silent.length === 1 && rss - known > most)
      this.#verdicts.threadIsOver(suspect, outOfMemory(this.#memoryMb, "its process grew"));
    else if (rss > allowed)
      this.#verdicts.processIsOver(outOfMemory(this.#memoryMb, "all threads of its process together"));
  }
}
