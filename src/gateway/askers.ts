/** Longer than the usual pause of those who ask, up to Kubernetes' ten seconds. */
const LONGEST_PAUSE_MS = 15_000;

/** Whether somebody asks again and again if this node is ready, as balancers do and a person does not. */
export class Askers {
  #lastAt = -Infinity;
  #beforeAt = -Infinity;

  asked(now: number): void {
    this.#beforeAt = this.#lastAt;
    this.#lastAt = now;
  }

  areThere(now: number): boolean {
    return now - this.#lastAt <= LONGEST_PAUSE_MS && this.#lastAt - this.#beforeAt <= LONGEST_PAUSE_MS;
  }
}
