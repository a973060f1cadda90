/**
 * Where suspects run. A process died with several tasks in hand, and any of them may have killed it: each of them now
 * runs alone in a process, claimed just before. Only one that kills its process here is charged a loss.
 */
import type { Message } from "../queue/queue.ts";
import type { Ending, Pool, Report, Run } from "./pool.ts";

const IDLE_MS = 5000;
const AFTER_ERROR_MS = 1000;

export type ClaimedSuspect = { readonly message: Message; readonly leasedUntil: number };

export type QuarantineOptions = {
  /** A pool of one process with one thread, not started. */
  openPool: () => Pool;
  /** How many such processes may run beside each other. */
  cells: number;
  /** How long one may stand idle before it is closed. Default 5 s. */
  idleMs?: number | undefined;
  /** Null = it is not to run any more. */
  claim: (message: Message) => Promise<ClaimedSuspect | null>;
  /** Tells the node's side what is about to run, and gives the run. */
  begin: (claimed: ClaimedSuspect, pool: Pool) => Run;
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
    this.#work();
  }

  /** One cell more, if there are not enough. One that ends looks behind it: what came meanwhile has nobody else. */
  #work(): void {
    if (this.#cells >= this.#options.cells || this.#waiting.length === 0 || this.#isClosed) return;
    this.#cells++;
    this.#workAlone().then(
      () => {
        this.#cells--;
        this.#work();
      },
      (error: unknown) => {
        this.#options.onError(error);
        this.#cells--;
        setTimeout(() => this.#work(), AFTER_ERROR_MS).unref();
      },
    );
  }

  /** Takes one out that has not begun. */
  remove(id: string): Message | null {
    const at = this.#waiting.findIndex((message) => message.spec.id === id);
    return at < 0 ? null : this.#waiting.splice(at, 1)[0]!;
  }

  /** All that has not begun. */
  removeAll(): Message[] {
    return this.#waiting.splice(0);
  }

  has(id: string): boolean {
    return this.#waiting.some((message) => message.spec.id === id);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#pools].map((pool) => pool.close()));
  }

  async #workAlone(): Promise<void> {
    let cell: Cell | null = null;
    try {
      while (!this.#isClosed && (await this.#isMore())) {
        // Before anything is claimed: it takes a while, in which a task may be cancelled, and it may fail.
        cell ??= await this.#openCell();
        const message = this.#waiting.shift();
        const claimed = message === undefined ? null : await this.#options.claim(message);
        if (claimed === null) continue;
        await this.#runAlone(cell, claimed);
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
  async #isMore(): Promise<boolean> {
    const until = performance.now() + (this.#options.idleMs ?? IDLE_MS);
    while (this.#waiting.length === 0 && performance.now() < until && !this.#isClosed)
      await new Promise((resolve) => setTimeout(resolve, 20).unref());
    return this.#waiting.length > 0 && !this.#isClosed;
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
    try {
      await pool.start();
      return cell;
    } catch (error) {
      await this.#closeCell(cell);
      throw error;
    }
  }

  async #runAlone(cell: Cell, claimed: ClaimedSuspect): Promise<void> {
    const ended = new Promise<void>((resolve) => (cell.freed = resolve));
    cell.pool.run([this.#options.begin(claimed, cell.pool)]);
    await ended;
    cell.freed = null;
  }

  async #closeCell(cell: Cell): Promise<void> {
    this.#pools.delete(cell.pool);
    await cell.pool.close();
  }
}
