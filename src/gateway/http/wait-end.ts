/** When one wait after another is over. They rarely are: a timer that runs serves those that come after it, so few are made. */
export class WaitEnd {
  readonly #onOver: () => void;
  #endsAt = Infinity;
  #wakesAt = Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(onOver: () => void) {
    this.#onOver = onOver;
  }

  begin(waitMs: number): void {
    this.#endsAt = performance.now() + waitMs;
    if (this.#wakesAt > this.#endsAt) this.#arm(waitMs);
  }

  /** It ended otherwise. */
  end(): void {
    this.#endsAt = Infinity;
  }

  /** There is no other. */
  close(): void {
    clearTimeout(this.#timer);
  }

  #arm(ms: number): void {
    clearTimeout(this.#timer);
    this.#wakesAt = performance.now() + ms;
    this.#timer = setTimeout(() => this.#wake(), ms);
  }

  #wake(): void {
    this.#wakesAt = Infinity;
    if (this.#endsAt === Infinity) return;
    const leftMs = this.#endsAt - performance.now();
    if (leftMs > 0) return this.#arm(Math.ceil(leftMs));
    this.#endsAt = Infinity;
    this.#onOver();
  }
}
