/** One timer, for the earliest of the moments it was told. */
export class Alarm {
  readonly #onTime: () => void;
  #timer: NodeJS.Timeout | null = null;
  #at = Infinity;

  constructor(onTime: () => void) {
    this.#onTime = onTime;
  }

  /** @param at by the same clock as `now`, milliseconds; `Infinity` changes nothing. */
  wake(at: number, now: number): void {
    if (at >= this.#at) return;
    this.clear();
    this.#at = at;
    this.#timer = setTimeout(() => {
      this.clear();
      this.#onTime();
    }, at - now);
  }

  clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#at = Infinity;
  }
}
