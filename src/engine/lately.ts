/**
 * What each queue and each action did lately. The hot path adds to totals; windows are differences of samples of them, made when
 * somebody asks.
 */
import type { ActionRates, Last10m, Percentiles, PerSecond, QueueRates } from "../protocol/rates.ts";
import { Counters, FAILED, FINISHED, SUBMITTED } from "./counters.ts";
import { BUCKETS_S, Histogram, type Metrics } from "./metrics.ts";
import { Window, type Totals } from "./window.ts";

const RATES_MS = 10_000;
const LONG_MS = 600_000;
/** A sample for the long window is every so-many-eth: with one every 2 s, every 30 s. */
const LONG_EVERY = 15;
/** Names of queues come from outside: one that comes while so many others are busy is told as doing nothing. */
const MOST_QUEUES = 2000;
/** The busiest, to others that are told every second. */
const MOST_TOLD = 500;

const BUCKETS = BUCKETS_S.length + 1;
const START_DELAY = FAILED + 1;
const RUN = START_DELAY + BUCKETS;

export class Lately {
  readonly #metrics: Metrics;
  readonly #now: () => number;
  readonly #queues = new Counters(MOST_QUEUES);
  /** There are only as many as the catalogue has. */
  readonly #actions = new Counters(Infinity);
  readonly #ofQueues = new Window(RATES_MS);
  readonly #ofActions = new Window(RATES_MS);
  readonly #ofActionsLong = new Window(LONG_MS);
  #samples = 0;

  /** @param now a clock that never jumps. */
  constructor(metrics: Metrics, now: () => number) {
    this.#metrics = metrics;
    this.#now = now;
    for (const window of [this.#ofQueues, this.#ofActions, this.#ofActionsLong]) window.add(now(), []);
  }

  submitted(action: string, queue: string): void {
    this.#actions.of(action)[SUBMITTED]!++;
    this.#queues.of(queue)[SUBMITTED]!++;
  }

  /** By action the metrics count it. */
  finished(queue: string, isFailed: boolean): void {
    const counter = this.#queues.of(queue);
    counter[FINISHED]!++;
    if (isFailed) counter[FAILED]!++;
  }

  /** To be called every two seconds. */
  sample(): void {
    const now = this.#now();
    this.#ofQueues.add(now, this.#queues);
    const actions = this.#actionNames().map((action) => [action, this.#totalsOf(action)] as const);
    this.#ofActions.add(now, actions);
    if (this.#samples++ % LONG_EVERY === 0) this.#ofActionsLong.add(now, actions);
    for (const [queue, totals] of this.#queues) {
      if (!this.#ofQueues.isIdle(now, queue, totals)) continue;
      this.#queues.forget(queue);
      this.#ofQueues.forget(queue);
    }
  }

  ofQueue(queue: string): PerSecond {
    return this.#perSecond(this.#ofQueues, queue, this.#queues.get(queue));
  }

  ofAction(action: string): Omit<ActionRates, "action"> {
    const totals = this.#totalsOf(action);
    const long = this.#ofActionsLong.since(this.#now(), action, totals);
    return {
      perSecond: this.#perSecond(this.#ofActions, action, totals),
      last10m: {
        finished: long[FINISHED]!,
        failed: long[FAILED]!,
        startDelayMs: percentiles(long.subarray(START_DELAY, RUN)),
        runMs: percentiles(long.subarray(RUN)),
      },
    };
  }

  /** Those that did anything, the busiest first. */
  queues(): QueueRates[] {
    const all = Array.from(this.#queues, ([queue]) => ({ queue, perSecond: this.ofQueue(queue) }));
    return all
      .filter(({ perSecond }) => activity(perSecond) > 0)
      .sort((a, b) => activity(b.perSecond) - activity(a.perSecond))
      .slice(0, MOST_TOLD);
  }

  /** Those that did anything, the busiest first. */
  actions(): ActionRates[] {
    const all = this.#actionNames().map((action) => ({ action, ...this.ofAction(action) }));
    return all
      .filter(({ perSecond, last10m }) => activity(perSecond) > 0 || isAny(last10m))
      .sort(
        (a, b) => activity(b.perSecond) - activity(a.perSecond) || b.last10m.finished - a.last10m.finished,
      )
      .slice(0, MOST_TOLD);
  }

  #perSecond(window: Window, name: string, totals: Totals | undefined): PerSecond {
    if (totals === undefined) return { submitted: 0, finished: 0, failed: 0 };
    const now = this.#now();
    const added = window.since(now, name, totals);
    const seconds = window.lengthMs(now) / 1000;
    const rate = (at: number): number => Math.round((added[at]! / seconds) * 1000) / 1000;
    return { submitted: rate(SUBMITTED), finished: rate(FINISHED), failed: rate(FAILED) };
  }

  #actionNames(): string[] {
    const submitted = Array.from(this.#actions, ([action]) => action);
    const { startDelay } = this.#metrics;
    return [...new Set([...submitted, ...startDelay.keys(), ...this.#metrics.finishedActions()])];
  }

  #totalsOf(action: string): Totals {
    const totals = new Float64Array(RUN + BUCKETS);
    totals[SUBMITTED] = this.#actions.get(action)?.[SUBMITTED] ?? 0;
    for (const { state, count } of this.#metrics.finishedOf(action)) {
      totals[FINISHED]! += count;
      if (state === "failed") totals[FAILED]! += count;
    }
    totals.set(this.#metrics.startDelay.get(action)?.counts ?? [], START_DELAY);
    totals.set(this.#metrics.run.get(action)?.counts ?? [], RUN);
    return totals;
  }
}

function activity({ submitted, finished }: PerSecond): number {
  return submitted + finished;
}

/** Attempts that will be tried again are measured before anything has finished. */
function isAny({ finished, startDelayMs, runMs }: Last10m): boolean {
  return finished > 0 || startDelayMs.p99 > 0 || runMs.p99 > 0;
}

function percentiles(counts: Float64Array): Percentiles {
  const histogram = new Histogram();
  histogram.counts.set(counts);
  histogram.count = counts.reduce((sum, count) => sum + count, 0);
  return { p50: histogram.quantile(0.5) * 1000, p99: histogram.quantile(0.99) * 1000 };
}
