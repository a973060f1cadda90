/**
 * Things under whole numbers that only rise, none used twice. A Map would be right as well; but where thousands come and go
 * a second it makes its table anew all the time, and this one never hashes: a thing lies at its number modulo the size.
 */
const FIRST_SIZE = 64;
/** Of the places at most this share is taken, so that a free number is found within a few steps. */
const MOST_TAKEN = 1 / 4;

export class Numbered<T> {
  #numbers = new Float64Array(FIRST_SIZE);
  #things: (T | undefined)[] = places(FIRST_SIZE);
  #mask = FIRST_SIZE - 1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @returns the first number after `last`, in steps of `step` (1 or 2), under which a thing can be put. */
  next(last: number, step: 1 | 2 = 1): number {
    if (this.#size > this.#things.length * MOST_TAKEN) this.#grow();
    let number = last + step;
    while (this.#things[number & this.#mask] !== undefined) number += step;
    return number;
  }

  /** @param number as {@link next} gave it just now. */
  set(number: number, thing: T): void {
    const at = number & this.#mask;
    this.#numbers[at] = number;
    this.#things[at] = thing;
    this.#size++;
  }

  get(number: number): T | undefined {
    const at = number & this.#mask;
    return this.#numbers[at] === number ? this.#things[at] : undefined;
  }

  delete(number: number): void {
    const at = number & this.#mask;
    if (this.#numbers[at] !== number || this.#things[at] === undefined) return;
    this.#things[at] = undefined;
    this.#size--;
  }

  /** Any that fits; looks at every place. */
  find(fits: (thing: T) => boolean): T | undefined {
    return this.#things.find((thing) => thing !== undefined && fits(thing));
  }

  /** As it is now, in order of number. For what is done seldom: it looks at every place. */
  values(): T[] {
    if (this.#size === 0) return [];
    const taken = [...this.#things.keys()].filter((at) => this.#things[at] !== undefined);
    taken.sort((a, b) => this.#numbers[a]! - this.#numbers[b]!);
    return taken.map((at) => this.#things[at]!);
  }

  #grow(): void {
    const [numbers, things] = [this.#numbers, this.#things];
    const size = things.length * 2;
    this.#mask = size - 1;
    this.#numbers = new Float64Array(size);
    this.#things = places(size);
    for (const [at, thing] of things.entries()) {
      if (thing === undefined) continue;
      const to = numbers[at]! & this.#mask;
      this.#numbers[to] = numbers[at]!;
      this.#things[to] = thing;
    }
  }
}

function places(size: number): undefined[] {
  return Array.from({ length: size }, () => undefined);
}
