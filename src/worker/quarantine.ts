/**
 * Where suspects run. A process died with several tasks in hand, and any of them may have killed it: each of them now
 * runs alone in a process, claimed just before. Only one that kills its process here is charged a loss.
 */
import type { Message } from "../queue/queue.ts";
import type { Ending, Pool, Report, Run } from "./pool.ts";

const IDLE_MS = 5000;

export type QuarantineOptions = {
  /** A pool of one process with one thread, not started. */
  openPool: () => Pool;
  /** How many such processes may run beside each other. */
  cells: number;
  /** Claims the task; false = it is not to run any more. */
  claim: (message: Message) => Promise<boolean>;
  /** Tells the node's side what is about to run, and gives the run. */
  begin: (message: Message, pool: Pool) => Run;
  onEnd: (endings: readonly Ending[]) => void;
  onReport: (reports: readonly Report[]) => void;
  onError: (error: unknown) => void;
};

type Cell = { pool: Pool; freed: (() => void) | null };

export class Quarantine {
  readonly #options: QuarantineOptions;
  #waiting: Message[] = [];
  #cells = 0;
  readonly #pools = new Set<Pool>();
  #isClosed = false;

  constructor(options: QuarantineOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.length;
  }

  pools(): Iterable<Pool> {
    return this.#pools;
  }

  add(message: Message): void {
    this.#waiting.push(message);
    if (this.#cells < this.#options.cells && !this.#isClosed) {
      this.#cells++;
      this.#work()
        .catch(this.#options.onError)
        .finally(() => this.#cells--);
    }
  }

  /** Takes one out that has not begun. */
  remove(id: string): Message | null {
    const at = this.#waiting.findIndex((message) => message.spec.id === id);
    return at < 0 ? null : this.#waiting.splice(at, 1)[0]!;
  }

  has(id: string): boolean {
    return this.#waiting.some((message) => message.spec.id === id);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#pools].map((pool) => pool.close()));
  }

  async #work(): Promise<void> {
    let cell: Cell | null = null;
    try {
      while (!this.#isClosed) {
        const message = this.#waiting.shift() ?? (await this.#next());
        if (message === null) return;
        if (!(await this.#options.claim(message))) continue;
        cell ??= await this.#openCell();
        await this.#runAlone(cell, message);
        if (cell.pool.pid === null) {
          await this.#closeCell(cell);
          cell = null;
        }
      }
    } finally {
      if (cell) await this.#closeCell(cell);
    }
  }

  /** A little patience, so that a process is not started for each of many suspects. */
  async #next(): Promise<Message | null> {
    const until = performance.now() + IDLE_MS;
    while (performance.now() < until && !this.#isClosed) {
      await new Promise((resolve) => setTimeout(resolve, 20).unref());
      const message = this.#waiting.shift();
      if (message) return message;
    }
    return null;
  }

  async #openCell(): Promise<Cell> {
    const pool = this.#options.openPool();
    const cell: Cell = { pool, freed: null };
    this.#pools.add(pool);
    pool.onReport(this.#options.onReport);
    pool.onEnd((endings) => {
      this.#options.onEnd(endings);
      cell.freed?.();
    });
    await pool.start();
    return cell;
  }

  async #runAlone(cell: Cell, message: Message): Promise<void> {
    const ended = new Promise<void>((resolve) => (cell.freed = resolve));
    cell.pool.run([this.#options.begin(message, cell.pool)]);
    await ended;
    cell.freed = null;
  }

  async #closeCell(cell: Cell): Promise<void> {
    this.#pools.delete(cell.pool);
    await cell.pool.close();
  }
}
