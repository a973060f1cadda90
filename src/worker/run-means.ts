/** Running mean of run times by action: recent runs weigh more, so that it follows what changes. */
const WEIGHT = 0.1;

export class RunMeans {
  readonly #ms = new Map<string, number>();

  add(action: string, ms: number): void {
    const mean = this.#ms.get(action);
    this.#ms.set(action, mean === undefined ? ms : mean + (ms - mean) * WEIGHT);
  }

  get(action: string): number | null {
    return this.#ms.get(action) ?? null;
  }
}
