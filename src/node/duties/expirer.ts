/**
 * Ends waiting tasks whose `expires` has passed. Late: they end late, yet never start, since that is checked when they are taken.
 * It sleeps until the soonest end, and for good while no task has one.
 */
import type { Outcomes } from "../../engine/outcomes.ts";
import type { Queue } from "../../queue/queue.ts";
import type { Store } from "../../store/store.ts";
import type { TaskEvent } from "../../task/decide.ts";
import type { Duty } from "./duty.ts";

/** Between two looks at least. */
const TICK_MS = 250;
/** A clock may be moved. */
const LONGEST_SLEEP_MS = 60_000;
const BATCH = 1000;
const EVER = Number.MAX_SAFE_INTEGER;

export type ExpirerOptions = {
  store: Pick<Store, "overdue" | "apply">;
  queue: Pick<Queue, "remove">;
  outcomes: Pick<Outcomes, "follow">;
  isInHand: (task: string) => boolean;
  now: () => number;
  onError: (error: unknown) => void;
  /** Others put tasks with an end into the store too, and what they took within this time may have no row that says so. Null: there are none. */
  sparedMs: number | null;
};

export class Expirer implements Duty {
  readonly #options: ExpirerOptions;
  #timer: NodeJS.Timeout | null = null;
  /** A look is due within a tick, or comes with the end of this one. */
  #isSoon = false;
  #running: Promise<void> | null = null;
  #isStopped = false;

  constructor(options: ExpirerOptions) {
    this.#options = options;
    this.wake();
  }

  /** A task with an end came in. */
  wake(): void {
    if (this.#isSoon) return;
    this.#isSoon = true;
    if (this.#running === null) this.#plan(TICK_MS);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#running;
  }

  #plan(sleepMs: number): void {
    if (this.#isStopped) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#start(), Math.min(Math.max(TICK_MS, sleepMs), LONGEST_SLEEP_MS));
    this.#timer.unref();
  }

  #start(): void {
    this.#isSoon = false;
    this.#running = this.#look()
      .catch((error: unknown) => {
        this.#options.onError(error);
        return TICK_MS;
      })
      .then((sleepMs) => {
        this.#running = null;
        if (this.#isSoon) this.#plan(TICK_MS);
        else if (sleepMs !== null) this.#plan(sleepMs);
      });
  }

  /** @returns how long there is nothing to do; null: until another comes in. */
  async #look(): Promise<number | null> {
    const { store, now, sparedMs } = this.#options;
    if (sparedMs !== null) {
      await this.#expire(sparedMs);
      return TICK_MS;
    }
    const [soonest] = await store.overdue(EVER, 1);
    if (soonest === undefined) return null;
    const sleepMs = soonest.expiresAt! - now();
    if (sleepMs > 0) return sleepMs;
    await this.#expire(0);
    return TICK_MS;
  }

  async #expire(sparedMs: number): Promise<void> {
    const { store, queue, outcomes, isInHand, now } = this.#options;
    for (;;) {
      const at = now();
      const rows = await store.overdue(at - sparedMs, BATCH);
      const waiting = rows.filter((row) => !isInHand(row.id));
      if (waiting.length === 0) return;
      queue.remove(waiting.map((row) => row.id));
      const events = waiting.map((row): TaskEvent => ({ type: "expire", id: row.id, at }));
      for (const { verdict, task } of await store.apply(events)) {
        if (verdict === "applied" && task) outcomes.follow(task, true);
      }
      if (rows.length < BATCH) return;
    }
  }
}
