/**
 * Looks for the ends of what is waited for here: hints may be lost, and some tasks end where nobody knows who waits. Few are asked for
 * often, many now and then.
 */
import type { Flights } from "../engine/flights.ts";
import { answerOf } from "../engine/parts.ts";
import type { SharedStore } from "../store/shared-store.ts";
import type { Task } from "../task/task.ts";

const FEW = 500;
const MANY_EVERY = 4;
const AT_ONCE = 1000;
/** What rides ends within milliseconds, as a rule. */
const YOUNG_MS = 250;

export type WaitingOptions = {
  store: Pick<SharedStore, "finals">;
  flights: Flights;
  onError: (error: unknown) => void;
};

export class Waiting {
  readonly #options: WaitingOptions;
  readonly #watched = new Map<string, Set<(row: Task) => void>>();
  #asked: string[] = [];
  #isAsking = false;
  #ticks = 0;

  constructor(options: WaitingOptions) {
    this.#options = options;
  }

  /** Calls `onFinal` when the row is final, unless stopped before. */
  watch(task: string, onFinal: (row: Task) => void): { stop: () => void } {
    const listeners = this.#watched.get(task) ?? new Set();
    this.#watched.set(task, listeners.add(onFinal));
    return {
      stop: () => {
        listeners.delete(onFinal);
        if (listeners.size === 0 && this.#watched.get(task) === listeners) this.#watched.delete(task);
      },
    };
  }

  /** These may have ended. */
  look(tasks: readonly string[]): void {
    const { flights } = this.#options;
    const wanted = tasks.filter((task) => flights.get(task) !== undefined || this.#watched.has(task));
    if (wanted.length === 0) return;
    this.#asked.push(...wanted);
    if (this.#isAsking) return;
    this.#isAsking = true;
    setImmediate(() => {
      const asked = this.#asked;
      this.#asked = [];
      this.#isAsking = false;
      this.#ask(asked).catch(this.#options.onError);
    });
  }

  /** To be called every half second. */
  async poll(): Promise<void> {
    const isTurnOfMany = ++this.#ticks % MANY_EVERY === 0;
    if (this.#options.flights.size > FEW && !isTurnOfMany) return;
    const tasks = [...this.#watched.keys()];
    for (const task of this.#options.flights.waitedFor(YOUNG_MS)) tasks.push(task);
    await this.#ask(tasks);
  }

  async #ask(tasks: readonly string[]): Promise<void> {
    const { store, flights } = this.#options;
    for (let at = 0; at < tasks.length; at += AT_ONCE) {
      for (const row of await store.finals(tasks.slice(at, at + AT_ONCE))) {
        flights.end(row.id, answerOf(row), row);
        const listeners = this.#watched.get(row.id);
        this.#watched.delete(row.id);
        if (listeners) for (const tell of listeners) tell(row);
      }
    }
  }
}
