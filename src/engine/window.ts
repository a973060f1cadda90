/**
 * Totals that only grow, by name, as they were at moments of the past: what a window counts is a difference. Of each name only as
 * many are kept as there were changes.
 */

/** Several figures of one name. */
export type Totals = Float64Array;

type Sample = { readonly at: number; readonly totals: Map<string, Totals> };

export class Window {
  readonly #ms: number;
  /** Oldest first. The first may be older than the window, the second is not. */
  readonly #samples: Sample[] = [];

  constructor(ms: number) {
    this.#ms = ms;
  }

  add(at: number, live: Iterable<readonly [string, Totals]>): void {
    const before = this.#samples.at(-1)?.totals;
    const totals = new Map<string, Totals>();
    for (const [name, now] of live) {
      const last = before?.get(name);
      totals.set(name, last !== undefined && isSame(last, now) ? last : now.slice());
    }
    this.#samples.push({ at, totals });
    while (this.#samples.length > 1 && this.#samples[1]!.at <= at - this.#ms) this.#samples.shift();
  }

  /** What was added in the window, or since the sample that is just older; all there is of what is younger than the window. */
  since(now: number, name: string, live: Totals): Totals {
    const begin = this.#begin(now)?.totals.get(name);
    return begin === undefined ? live.slice() : live.map((total, at) => total - begin[at]!);
  }

  /** Over so long `since` tells: a little more than the window, for samples are some time apart. */
  lengthMs(now: number): number {
    return Math.max(this.#ms, now - (this.#begin(now)?.at ?? now));
  }

  /** Nothing was added in the window. */
  isIdle(now: number, name: string, live: Totals): boolean {
    const begin = this.#begin(now)?.totals.get(name);
    return begin !== undefined && isSame(begin, live);
  }

  /** Its totals will begin at zero, should it come again. */
  forget(name: string): void {
    for (const { totals } of this.#samples) totals.delete(name);
  }

  #begin(now: number): Sample | undefined {
    return this.#samples.findLast(({ at }) => at <= now - this.#ms);
  }
}

function isSame(a: Totals, b: Totals): boolean {
  return a === b || a.every((total, at) => total === b[at]);
}
