/**
 * The clock that nodes of one store go by: the store's. Asked now and then, and carried on by what only measures, so that a machine whose
 * clock is wrong, or is moved, neither puts off retries nor ends or begins anything early.
 */
import type { SharedStore } from "../store/shared-store.ts";

/** An answer that was so long under way says little. It is taken where there is none better for a while. */
const LONG_MS = 250;
const GOOD_FOR_MS = 60_000;

export type StoreClockOptions = {
  readonly store: Pick<SharedStore, "now">;
  /** Milliseconds since whenever; never runs backwards. */
  readonly measure: () => number;
  /** Epoch milliseconds, by this machine. */
  readonly machineNow: () => number;
};

export class StoreClock {
  readonly #options: StoreClockOptions;
  #offset: number | null = null;
  #askedAt = -Infinity;

  constructor(options: StoreClockOptions) {
    this.#options = options;
  }

  /** Epoch milliseconds. Until the store was asked, those of this machine. */
  readonly now = (): number => {
    const { measure, machineNow } = this.#options;
    return this.#offset === null ? machineNow() : Math.floor(measure() + this.#offset);
  };

  async ask(): Promise<void> {
    const { store, measure } = this.#options;
    const sentAt = measure();
    const at = await store.now();
    const cameAt = measure();
    const isGood = cameAt - sentAt < LONG_MS;
    if (!isGood && cameAt - this.#askedAt < GOOD_FOR_MS) return;
    this.#offset = at - (sentAt + cameAt) / 2;
    this.#askedAt = cameAt;
  }
}
