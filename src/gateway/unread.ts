/**
 * Since when a client leaves more of its answers unread than it may. Who asks for long answers and has read little of those it got is
 * not given more of them, so that it would never leave much: it may leave only a little.
 */
import type { Clock } from "./context.ts";
import type { Limits } from "./limits.ts";

/** Of who waits for long answers, which he is given while he leaves no more. */
export const LITTLE_BYTES = 65_536;

export type Reader = {
  readonly unreadBytes: number;
  /** More long answers are to come when it has read. */
  readonly isAsking: boolean;
};

export class Unread {
  readonly #limits: Pick<Limits, "unreadBytes" | "unreadMs">;
  readonly #clock: Clock;
  readonly #reader: Reader;
  #since: number | null = null;

  constructor(limits: Pick<Limits, "unreadBytes" | "unreadMs">, clock: Clock, reader: Reader) {
    this.#limits = limits;
    this.#clock = clock;
    this.#reader = reader;
  }

  /** To be called when more was written, and now and then. */
  look(now = this.#clock.now()): void {
    const { unreadBytes, isAsking } = this.#reader;
    if (unreadBytes <= (isAsking ? LITTLE_BYTES : this.#limits.unreadBytes)) this.#since = null;
    else this.#since ??= now;
  }

  /** It has read everything. */
  drained(): void {
    this.#since = null;
  }

  isTooLong(now: number): boolean {
    this.look(now);
    return this.#since !== null && now - this.#since > this.#limits.unreadMs;
  }
}
