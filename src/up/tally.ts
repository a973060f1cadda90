/** What one process has done, over all its lives: a process that is started again counts from nought, this does not. */
import type { Figures } from "./process-plan.ts";

/** Long enough to be steady, short enough to be now. */
const WINDOW_MS = 3000;

export class Tally {
  #past = { done: 0, failed: 0 };
  #now: Figures | null = null;
  #samples: { at: number; done: number }[] = [];

  take(figures: Figures, at: number): void {
    this.#now = figures;
    this.#samples.push({ at, done: this.done });
    while (this.#samples.length > 2 && at - this.#samples[1]!.at >= WINDOW_MS) this.#samples.shift();
  }

  /** Its process is gone: what it said last stays. */
  restart(): void {
    this.#past = { done: this.done, failed: this.failed };
    this.#now = null;
    this.#samples = [];
  }

  /** Whether it ever told of tasks: a balancer does not. */
  get isKnown(): boolean {
    return this.#now !== null || this.done + this.failed > 0;
  }

  get done(): number {
    return this.#past.done + (this.#now?.done ?? 0);
  }

  get failed(): number {
    return this.#past.failed + (this.#now?.failed ?? 0);
  }

  get inFlight(): number {
    return this.#now?.inFlight ?? 0;
  }

  get perSecond(): number {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.at <= first.at) return 0;
    return ((last.done - first.done) * 1000) / (last.at - first.at);
  }
}

/** The part each has of what all have, in whole percents that need not add up to 100; null before there is anything. */
export function shareOf(part: number, all: number): number | null {
  return all === 0 ? null : Math.round((part / all) * 100);
}
