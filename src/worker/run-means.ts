/** Running means of run times by action: recent runs weigh more, so that they follow what changes. */
const WEIGHT = 0.1;
/** One slow run among many short ones says little of the next: a core was busy elsewhere, memory was tidied up. */
const MAX_RISE = 4;
const FREE_RISE_MS = 0.05;

type Means = { mean: number; typical: number };

export class RunMeans {
  readonly #byAction = new Map<string, Means>();

  add(action: string, ms: number): void {
    const means = this.#byAction.get(action);
    if (means === undefined) {
      this.#byAction.set(action, { mean: ms, typical: ms });
      return;
    }
    const { mean, typical } = means;
    means.mean = mean + (ms - mean) * WEIGHT;
    const most = Math.max(typical * MAX_RISE, typical + FREE_RISE_MS);
    means.typical = typical + (Math.min(ms, most) - typical) * WEIGHT;
  }

  get(action: string): number | null {
    return this.#byAction.get(action)?.mean ?? null;
  }

  /** The mean with rare long runs cut: what to expect of the next few. */
  typical(action: string): number | null {
    return this.#byAction.get(action)?.typical ?? null;
  }
}
