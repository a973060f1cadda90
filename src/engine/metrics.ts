/**
 * What a node measures of itself, as plain numbers: adding to them is all that the hot path pays.
 * The gateway turns them into Prometheus text when it is asked; what is kept elsewhere (counts, depths, threads)
 * it reads there and not from here.
 */

/** Seconds. From half a millisecond to an hour, since a task may be either. */
export const BUCKETS_S = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600,
] as const;

/** Fixed buckets; the last counter holds what is over the last bound. */
export class Histogram {
  readonly bounds: readonly number[];
  /** One more than there are bounds; not cumulative. */
  readonly counts: Float64Array;
  sum = 0;
  count = 0;

  constructor(bounds: readonly number[] = BUCKETS_S) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** A bound belongs to its bucket, as Prometheus' `le` has it. */
  observe(value: number, times = 1): void {
    const { bounds, counts } = this;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (value <= bounds[middle]!) high = middle;
      else low = middle + 1;
    }
    counts[low]! += times;
    this.sum += value * times;
    this.count += times;
  }

  observeMany(values: ArrayLike<number>): void {
    for (let i = 0; i < values.length; i++) this.observe(values[i]!);
  }

  /** The value under which this share (0 … 1) of the observations lies, within its bucket by straight line; 0 when empty. */
  quantile(share: number): number {
    const wanted = share * this.count;
    let seen = 0;
    for (let i = 0; i < this.counts.length; i++) {
      const here = this.counts[i]!;
      if (here === 0 || seen + here < wanted) {
        seen += here;
        continue;
      }
      const low = i === 0 ? 0 : this.bounds[i - 1]!;
      const high = this.bounds[i] ?? low;
      return low + ((high - low) * (wanted - seen)) / here;
    }
    return 0;
  }
}

/** How a task ended; `code` is "" for `done`, else why not. */
export type FinishedCount = { action: string; state: string; code: string; count: number };

export class Metrics {
  /** By action: from when a task was due to when its attempt began. */
  readonly startDelay = new Map<string, Histogram>();
  /** By action: how long the attempts ran. */
  readonly run = new Map<string, Histogram>();
  readonly #finished = new Map<string, Map<string, FinishedCount>>();

  observeStartDelay(action: string, seconds: number): void {
    histogramOf(this.startDelay, action).observe(seconds);
  }

  observeRun(action: string, seconds: number): void {
    histogramOf(this.run, action).observe(seconds);
  }

  countFinished(action: string, state: string, code = "", times = 1): void {
    let ofAction = this.#finished.get(action);
    if (!ofAction) this.#finished.set(action, (ofAction = new Map()));
    const name = code === "" ? state : `${state} ${code}`;
    const counted = ofAction.get(name);
    if (counted) counted.count += times;
    else ofAction.set(name, { action, state, code, count: times });
  }

  /** Since the start. */
  finishedOf(action: string): Iterable<FinishedCount> {
    return this.#finished.get(action)?.values() ?? [];
  }

  finishedActions(): Iterable<string> {
    return this.#finished.keys();
  }

  finished(): FinishedCount[] {
    return [...this.#finished.values()].flatMap((ofAction) => [...ofAction.values()]);
  }
}

function histogramOf(map: Map<string, Histogram>, name: string): Histogram {
  let found = map.get(name);
  if (!found) map.set(name, (found = new Histogram()));
  return found;
}
