/**
 * Lets scheduled and retrying tasks go when they are due. It sleeps until the soonest; late or dead, they start late, and
 * are found again at the next start, since the store knows when they are due.
 */
import type { Outcomes } from "../../engine/outcomes.ts";
import type { Store } from "../../store/store.ts";
import type { TaskEvent } from "../../task/decide.ts";
import type { Duty } from "./duty.ts";

const BATCH = 1000;
/** A timer of Node's overflows past 24.8 days; and after a clock was moved, it is well to look. */
const LONGEST_SLEEP_MS = 60_000;
const AFTER_ERROR_MS = 500;

export class Scheduler implements Duty {
  readonly #store: Pick<Store, "due" | "nextDueAt" | "apply">;
  readonly #outcomes: Pick<Outcomes, "follow">;
  readonly #now: () => number;
  readonly #onError: (error: unknown) => void;
  readonly #lookEveryMs: number;
  #timer: NodeJS.Timeout | null = null;
  #wakeAt = Infinity;
  #running: Promise<void> | null = null;
  #isStopped = false;

  constructor(
    store: Pick<Store, "due" | "nextDueAt" | "apply">,
    outcomes: Pick<Outcomes, "follow">,
    now: () => number,
    onError: (error: unknown) => void,
    /** Others make due tasks too: look so often at least. */
    lookEveryMs: number = Infinity,
  ) {
    this.#lookEveryMs = lookEveryMs;
    this.#store = store;
    this.#outcomes = outcomes;
    this.#now = now;
    this.#onError = onError;
  }

  /** Something is due then. */
  wake(at: number): void {
    if (this.#isStopped || at >= this.#wakeAt) return;
    this.#wakeAt = at;
    if (this.#timer) clearTimeout(this.#timer);
    const sleepMs = Math.min(Math.max(0, at - this.#now()), LONGEST_SLEEP_MS);
    this.#timer = setTimeout(() => this.#start(), sleepMs);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#running;
  }

  #start(): void {
    if (this.#running || this.#isStopped) return;
    this.#wakeAt = Infinity;
    this.#running = this.#release()
      .catch((error: unknown) => {
        this.#onError(error);
        return this.#now() + AFTER_ERROR_MS;
      })
      .then((next) => {
        this.#running = null;
        // The timer of an instant that was told meanwhile may have gone off already: it is set anew.
        const soonest = Math.min(next, this.#wakeAt, this.#now() + this.#lookEveryMs);
        this.#wakeAt = Infinity;
        this.wake(soonest);
      });
  }

  /** @returns when to look again. */
  async #release(): Promise<number> {
    for (;;) {
      const next = (await this.#store.nextDueAt()) ?? Infinity;
      const at = this.#now();
      if (next > at) return next;
      const rows = await this.#store.due(at, BATCH);
      if (rows.length > 0) {
        const events = rows.map((row): TaskEvent => ({ type: "due", id: row.id, at }));
        for (const { verdict, task } of await this.#store.apply(events)) {
          if (verdict === "applied" && task) this.#outcomes.follow(task, true);
        }
      }
      if (rows.length < BATCH || this.#isStopped) return (await this.#store.nextDueAt()) ?? Infinity;
    }
  }
}
