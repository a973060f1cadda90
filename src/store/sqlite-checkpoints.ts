/**
 * Copies the log of a database into its file (a checkpoint) on a thread of its own: in the writer's, 4 MiB and two `fsync` would hold up
 * every commit behind them. As the writer goes on meanwhile, such a checkpoint never meets the end of the log, and the log would grow
 * for ever: where it is long, the little that one has left over is copied here, and the log begins anew.
 *
 * SQLite before 3.51.3 may spoil a file when one connection does so while another writes (https://sqlite.org/wal.html#walresetbug):
 * there it is left to do it within commits, as it does unless told.
 */
import { extname } from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import { ASKED, BEGINS, END, ENDED, type CheckpointerData } from "./checkpoint-signal.ts";

/** In pages of 4 KiB. */
export type CheckpointRule = {
  /** So much that is not in the file yet is worth a checkpoint. */
  readonly worth: number;
  /** A log of this length is to begin anew as soon as less than `little` is left over: twice as long, four times as much is little. */
  readonly long: number;
  readonly little: number;
};

const RULE: CheckpointRule = { worth: 1000, long: 4000, little: 256 };
/** A checkpoint that takes longer has met a disk that stands still, or its thread is gone. */
const WAIT_MS = 5000;

/** @param version of SQLite, as `process.versions` tells it. */
export function canCheckpointBeside(version: string | undefined): boolean {
  const [major = 0, minor = 0, patch = 0] = (version ?? "").split(".").map(Number);
  return major * 1e6 + minor * 1e3 + patch >= 3_051_003;
}

export class Checkpoints {
  readonly #path: string;
  readonly #rule: CheckpointRule;
  readonly #tell: StatementSync;
  readonly #checkpoint: StatementSync;
  readonly #signal = new Int32Array(new SharedArrayBuffer(4));
  #thread: Worker | null = null;
  /** What the log had, and what of it was not in the file, when a checkpoint was last begun. */
  #begun = { log: 0, left: 0 };

  /** @param db the connection that writes to the file `path`. */
  constructor(db: DatabaseSync, path: string, rule: CheckpointRule = RULE) {
    this.#path = path;
    this.#rule = rule;
    db.exec("pragma wal_autocheckpoint = 0");
    this.#tell = db.prepare("pragma wal_checkpoint(noop)");
    this.#checkpoint = db.prepare("pragma wal_checkpoint(passive)");
    this.#tell.setReturnArrays(true);
  }

  /** To be called after each transaction. */
  look(): void {
    let [log, left] = this.#told();
    if (this.#isTooFast(log)) {
      this.#wait(ASKED);
      [log, left] = this.#told();
    }
    if (log < this.#begun.log) this.#begun = { log: 0, left: 0 };
    const state = Atomics.load(this.#signal, 0);
    if (state === ASKED || state === BEGINS) return;
    const { worth, long, little } = this.#rule;
    const isLong = log >= long;
    const least = isLong ? little * (log / long) ** 2 : worth;
    // One that could not go on, for somebody still reads what is older, is not tried again at each commit.
    const isWorth = left >= least && log - this.#begun.log >= least;
    if (state === ENDED ? isWorth : isLong && left < least) this.#here(log, left);
    else if (isWorth) this.#beside(log, left);
  }

  /** Of the two the writer is to be the last that closes: it copies what is left, and takes the log away. */
  close(): void {
    if (this.#thread === null || Atomics.load(this.#signal, 0) === ENDED) return;
    Atomics.store(this.#signal, 0, END);
    Atomics.notify(this.#signal, 0);
    this.#wait(END);
  }

  /** @returns how many pages the log has, and how many of them are not in the file yet; none where that cannot be read. */
  #told(): [log: number, left: number] {
    try {
      const [, log, copied] = this.#tell.get() as unknown as [number, number, number];
      return [log, log - copied];
    } catch {
      // Of a disk that is broken those hear who write next.
      return [0, 0];
    }
  }

  /**
   * During a checkpoint no more is written than one is worth, and half of what it copies where the log is long: so what is left over
   * becomes little, however much slower the thread or the disk is than the writer.
   */
  #isTooFast(log: number): boolean {
    if (Atomics.load(this.#signal, 0) !== ASKED) return false;
    const { worth, long, little } = this.#rule;
    const written = log - this.#begun.log;
    return written >= (log < long ? worth : Math.max(little, this.#begun.left / 2));
  }

  #beside(log: number, left: number): void {
    this.#begun = { log, left };
    Atomics.store(this.#signal, 0, this.#thread === null ? BEGINS : ASKED);
    Atomics.notify(this.#signal, 0);
    this.#thread ??= this.#start();
  }

  #here(log: number, left: number): void {
    this.#begun = { log, left };
    try {
      this.#checkpoint.get();
    } catch {
      // Nothing is lost, it is all in the log; of a disk that is full or broken those hear who write next.
    }
  }

  /** Also woken by the end of a checkpoint that was under way when the end was told. */
  #wait(state: number): void {
    while (Atomics.load(this.#signal, 0) === state) {
      if (Atomics.wait(this.#signal, 0, state, WAIT_MS) === "timed-out")
        Atomics.store(this.#signal, 0, ENDED);
    }
  }

  #start(): Worker {
    const entry = new URL(`./sqlite-checkpointer${extname(import.meta.url)}`, import.meta.url);
    const thread = new Worker(entry, {
      workerData: { path: this.#path, signal: this.#signal } satisfies CheckpointerData,
      name: "tanda store checkpointer",
      resourceLimits: { maxYoungGenerationSizeMb: 1 },
    });
    // Without it the writer goes on as if it had never been: it does its checkpoints itself.
    thread.on("error", () => Atomics.store(this.#signal, 0, ENDED));
    thread.unref();
    return thread;
  }
}
