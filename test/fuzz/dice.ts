/** Repeatable chance for the making of inputs: the same seed, kind and number give the same input, whoever makes it. */
import { createChance } from "../task/chance.ts";

export class Dice {
  readonly #chance: () => number;

  constructor(seed: number) {
    this.#chance = createChance(seed);
  }

  /** A whole number, 0 ≤ n < `end`. */
  below(end: number): number {
    return Math.floor(this.#chance() * end);
  }

  /** Both ends included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  odds(share: number): boolean {
    return this.#chance() < share;
  }

  of<T>(some: readonly T[]): T {
    return some[this.below(some.length)]!;
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.below(256)));
  }

  /** Mostly small; now and then up to `most`. */
  size(most: number): number {
    return this.below(this.odds(0.1) ? most + 1 : Math.min(most, 6) + 1);
  }
}

export function diceFor(seed: number, kind: string, index: number): Dice {
  return new Dice(hashOf(Buffer.from(`${seed} ${kind} ${index}`)));
}

/** FNV-1a: what is done with an input hangs on its bytes alone, so that a file is enough to do it again. */
export function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
