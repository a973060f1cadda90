/** Chance of one run, all of it from the seed. */
import { createChance } from "../../task/chance.ts";

const GOLDEN = 0x9e3779b1;

export class Dice {
  readonly chance: () => number;

  constructor(seed: number) {
    this.chance = createChance(seed);
  }

  /** Of one thing among many: the same for the same number, in whatever order they are asked for. */
  static of(seed: number, n: number): Dice {
    return new Dice((Math.imul(n + 1, GOLDEN) ^ seed) >>> 0);
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.chance();
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.chance() * from.length)]!;
  }

  shuffled<T>(from: readonly T[]): T[] {
    const all = [...from];
    for (let last = all.length - 1; last > 0; last--) {
      const other = Math.floor(this.chance() * (last + 1));
      [all[last], all[other]] = [all[other]!, all[last]!];
    }
    return all;
  }
}
