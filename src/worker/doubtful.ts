/** Ids that are remembered for a while, within bounds. Asking costs next to nothing while there are none. */
const KEPT_MS = 60_000;
const MOST = 100_000;

export class Doubtful {
  readonly #until = new Map<string, number>();

  add(id: string): void {
    if (this.#until.size < MOST) this.#until.set(id, performance.now() + KEPT_MS);
  }

  has(id: string): boolean {
    return this.#until.size > 0 && this.#until.has(id);
  }

  /** In the order in which they came. */
  forgetOld(): void {
    const now = performance.now();
    for (const [id, until] of this.#until) {
      if (until > now) return;
      this.#until.delete(id);
    }
  }
}
