/** Totals by name, no more names than are allowed. Tasks of one name come in rows: the one counted last is at hand. */
import type { Totals } from "./window.ts";

export const SUBMITTED = 0;
export const FINISHED = 1;
export const FAILED = 2;

export class Counters {
  readonly #most: number;
  readonly #byName = new Map<string, Totals>();
  /** Takes what is counted of names that are too many, and is never looked at. */
  readonly #spare: Totals = none();
  #name: string | null = null;
  #totals: Totals = this.#spare;

  constructor(most: number) {
    this.#most = most;
  }

  /** To be added to at once, and not to be kept. */
  of(name: string): Totals {
    if (name === this.#name) return this.#totals;
    let found = this.#byName.get(name);
    if (found === undefined && this.#byName.size < this.#most) this.#byName.set(name, (found = none()));
    this.#name = name;
    return (this.#totals = found ?? this.#spare);
  }

  get(name: string): Totals | undefined {
    return this.#byName.get(name);
  }

  /** There is room for another. */
  forget(name: string): void {
    this.#byName.delete(name);
    this.#name = null;
  }

  [Symbol.iterator](): IterableIterator<[string, Totals]> {
    return this.#byName.entries();
  }
}

function none(): Totals {
  return new Float64Array(FAILED + 1);
}
