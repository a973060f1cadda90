/**
 * Notices a connection that is dead although it looks open: while something waits and nothing came for half of `deadAfterMs` it
 * asks, and after all of it says so.
 */
export class Pulse {
  readonly #options: PulseOptions;
  readonly #timer: ReturnType<typeof setInterval>;
  #heardAt: number;
  #hasAsked = false;

  constructor(options: PulseOptions) {
    this.#options = options;
    this.#heardAt = options.now();
    this.#timer = setInterval(() => this.#check(), Math.max(10, options.deadAfterMs / 4));
  }

  heard(): void {
    this.#heardAt = this.#options.now();
    this.#hasAsked = false;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    const { isWaiting, ask, dead, deadAfterMs, now } = this.#options;
    if (!isWaiting()) {
      this.heard();
      return;
    }
    const silentMs = now() - this.#heardAt;
    if (!this.#hasAsked && silentMs * 2 >= deadAfterMs) {
      this.#hasAsked = true;
      ask();
    } else if (silentMs >= deadAfterMs) dead(silentMs);
  }
}

export type PulseOptions = {
  readonly deadAfterMs: number;
  readonly now: () => number;
  readonly isWaiting: () => boolean;
  readonly ask: () => void;
  readonly dead: (silentMs: number) => void;
};
