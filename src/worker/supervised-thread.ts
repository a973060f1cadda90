/** One thread as its supervisor sees it: what runs in it, how much memory it holds, how it ended. */
import { Worker } from "node:worker_threads";
import { extname } from "node:path";
import type { ErrorBody } from "../task/errors.ts";
import type { ForcedEnding, PoolSettings } from "./control-messages.ts";
import { crashed, outOfMemory, timedOut } from "./handler-error.ts";
import { monoMs } from "./mono-clock.ts";
import { Slots, type ActiveRun } from "./slots.ts";
import type { ThreadData } from "./thread-main.ts";

const ENTRY = new URL(`./thread-main${extname(import.meta.url)}`, import.meta.url);
/** V8's own limit is the last resort: reaching it may abort the process, so the supervisor's watch has room to act before. */
const HARD_LIMIT_FACTOR = 2;

export class SupervisedThread {
  readonly key: number;
  readonly slots = new Slots();
  readonly exited: Promise<void>;
  /** Told to be cancelled. */
  readonly cancelled = new Set<number>();
  /** Over on paper, though their slots are still taken. */
  readonly over = new Set<number>();
  isEnding = false;
  isGone = false;
  heapBytes = 0;
  externalBytes = 0;
  /** When it was asked for its memory and has not answered; null = nothing is asked. */
  askedAt: number | null = null;
  readonly #worker: Worker;
  readonly #memoryMb: number;
  #error: (Error & { code?: string }) | null = null;
  #exitCode = 0;

  constructor(key: number, settings: PoolSettings, doorbell: SharedArrayBuffer) {
    this.key = key;
    this.#memoryMb = settings.memoryMb;
    const { memoryMb, ...rest } = settings;
    const workerData: ThreadData = { ...rest, key, slots: this.slots.buffer, doorbell };
    this.#worker = new Worker(ENTRY, {
      workerData,
      name: `tanda thread ${key}`,
      resourceLimits: { maxOldGenerationSizeMb: memoryMb * HARD_LIMIT_FACTOR },
    });
    this.#worker.on("error", (error) => (this.#error = error as Error));
    this.exited = new Promise((resolve) => {
      this.#worker.on("exit", (code) => {
        this.isGone = true;
        this.#exitCode = code;
        resolve();
      });
    });
  }

  terminate(): void {
    void this.#worker.terminate();
  }

  /** Works while the thread spins; some loops never answer. */
  askMemory(): void {
    if (this.askedAt !== null || this.isGone) return;
    this.askedAt = monoMs();
    this.#worker.getHeapStatistics().then(
      (told) => {
        this.heapBytes = told.used_heap_size;
        this.externalBytes = told.external_memory;
        this.askedAt = null;
      },
      () => {}, // it ended meanwhile
    );
  }

  get why(): string {
    if (this.#error) return this.#error.message;
    return `it ended with process.exit(${this.#exitCode})`;
  }

  /** Who is to blame for an end that nobody asked for. */
  endingsOfDeath(): ForcedEnding[] {
    const active = this.slots.active().filter((run) => !this.over.has(run.id));
    const error = this.#deathError();
    const blamed = active.find((run) => run.id === this.slots.blamed);
    return blamed ? [forced(blamed, error)] : forcedAll(active, error);
  }

  #deathError(): ErrorBody {
    if (this.#error?.code === "ERR_WORKER_OUT_OF_MEMORY")
      return outOfMemory(this.#memoryMb, "its heap reached the limit");
    if (this.#error) return crashed(`the handler ended its thread: ${this.#error.message}`);
    return {
      ...crashed(`the handler ended its thread with process.exit(${this.#exitCode})`),
      hint: "Return a value or throw an error; never end the process.",
    };
  }

  endingAtDeadline(run: ActiveRun): ForcedEnding {
    if (this.cancelled.has(run.id)) return { id: run.id, startedAt: epochOf(run), type: "cancelled" };
    return forced(run, timedOut(run.timeoutMs));
  }
}

function forced(run: ActiveRun, error: ErrorBody): ForcedEnding {
  return { id: run.id, startedAt: epochOf(run), type: "failed", error };
}

/** One: it did it. Several: any of them. */
export function forcedAll(active: readonly ActiveRun[], error: ErrorBody): ForcedEnding[] {
  if (active.length === 1) return [forced(active[0]!, error)];
  return active.map((run) => ({ id: run.id, startedAt: epochOf(run), type: "died", error }));
}

function epochOf(run: ActiveRun): number {
  return Math.floor(Date.now() - (monoMs() - run.startedAt));
}
