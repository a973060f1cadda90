/** The last seconds in numbers: rates from a ring of seconds, quantiles from two histograms that take turns. */
import { Histogram } from "./metrics.ts";

const WINDOW_S = 10;

type Second = { at: number; submitted: number; finished: number; failed: number };

export class Recent {
  readonly #now: () => number;
  readonly #seconds: Second[] = Array.from({ length: WINDOW_S + 1 }, () => ({
    at: 0,
    submitted: 0,
    finished: 0,
    failed: 0,
  }));
  readonly startDelay = new Turns();
  readonly run = new Turns();
  readonly total = new Turns();

  constructor(now: () => number) {
    this.#now = now;
  }

  submitted(count: number): void {
    this.#second().submitted += count;
  }

  finished(isFailed: boolean): void {
    const second = this.#second();
    second.finished++;
    if (isFailed) second.failed++;
  }

  /** A second, over the last ten whole ones. */
  perSecond(): { submitted: number; finished: number; failed: number } {
    const now = Math.floor(this.#now() / 1000);
    const sum = { submitted: 0, finished: 0, failed: 0 };
    for (const second of this.#seconds) {
      if (second.at >= now || second.at < now - WINDOW_S) continue;
      sum.submitted += second.submitted;
      sum.finished += second.finished;
      sum.failed += second.failed;
    }
    return {
      submitted: sum.submitted / WINDOW_S,
      finished: sum.finished / WINDOW_S,
      failed: sum.failed / WINDOW_S,
    };
  }

  /** Called every ten seconds: the older half of what quantiles look at is forgotten. */
  turn(): void {
    this.startDelay.turn();
    this.run.turn();
    this.total.turn();
  }

  #second(): Second {
    const at = Math.floor(this.#now() / 1000);
    const second = this.#seconds[at % this.#seconds.length]!;
    if (second.at !== at) {
      second.at = at;
      second.submitted = 0;
      second.finished = 0;
      second.failed = 0;
    }
    return second;
  }
}

/** Quantiles of the last ten to twenty seconds. */
class Turns {
  #current = new Histogram();
  #last = new Histogram();

  observe(seconds: number): void {
    this.#current.observe(seconds);
  }

  turn(): void {
    this.#last = this.#current;
    this.#current = new Histogram();
  }

  quantileMs(share: number): number {
    const both = new Histogram();
    for (const one of [this.#last, this.#current]) {
      for (let at = 0; at < one.counts.length; at++) both.counts[at]! += one.counts[at]!;
      both.count += one.count;
    }
    return both.quantile(share) * 1000;
  }
}
