/** How long tasks of an action run, by what was told lately. */
const WEIGHT = 0.1;

export class Means {
  readonly #byAction = new Map<string, number>();

  add(action: string, ms: number): void {
    const mean = this.#byAction.get(action) ?? ms;
    this.#byAction.set(action, mean + (ms - mean) * WEIGHT);
  }

  get(action: string): number | null {
    return this.#byAction.get(action) ?? null;
  }
}
