/** What has begun and not ended: a driver that is closed waits for its puts. */
export class UnderWay {
  readonly #all = new Set<Promise<unknown>>();

  /** @returns the very same promise. */
  add<T>(work: Promise<T>): Promise<T> {
    this.#all.add(work);
    const forget = (): void => void this.#all.delete(work);
    work.then(forget, forget);
    return work;
  }

  /** Resolves when all that was added until now has ended, well or not. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#all);
  }
}
