import type { Call } from "./call.ts";
import { Fifo } from "./fifo.ts";

/** A node stops reading a connection at this much in flight; beyond it calls wait here. */
export const WINDOW = 1000;
const WINDOW_CHARACTERS = 8 * 2 ** 20;
/** Short ops pass a full window, as long as fewer than 100 wait. */
const OP_WINDOW = 90;

/** What waits to be sent, and how much of what was sent is in flight. */
export class Outbox {
  readonly #long = new Fifo<Call>();
  readonly #short = new Fifo<Call>();
  #longInFlight = 0;
  #shortInFlight = 0;
  #charactersInFlight = 0;

  get isEmpty(): boolean {
    return this.#long.size === 0 && this.#short.size === 0;
  }

  push(call: Call): void {
    (call.isLong ? this.#long : this.#short).push(call);
  }

  /** The next that may be sent now, counted as in flight; null when there is none, or the windows are full. */
  next(): Call | null {
    for (;;) {
      const fifo = this.#open();
      if (fifo === null) return null;
      const call = fifo.shift()!;
      if (call.state === "over") continue;
      this.#count(call, 1);
      return call;
    }
  }

  #open(): Fifo<Call> | null {
    if (this.#short.size > 0 && this.#shortInFlight < OP_WINDOW) return this.#short;
    if (this.#long.size === 0 || this.#longInFlight >= WINDOW) return null;
    // One alone may be larger than the window.
    const hasRoom = this.#charactersInFlight < WINDOW_CHARACTERS || this.#longInFlight === 0;
    return hasRoom ? this.#long : null;
  }

  /** It is no longer in flight. */
  landed(call: Call): void {
    this.#count(call, -1);
  }

  /** Empties it. */
  takeAll(): Call[] {
    const calls: Call[] = [];
    for (const fifo of [this.#short, this.#long]) {
      for (let call = fifo.shift(); call; call = fifo.shift()) calls.push(call);
    }
    return calls;
  }

  #count(call: Call, by: 1 | -1): void {
    if (call.isLong) this.#longInFlight += by;
    else this.#shortInFlight += by;
    this.#charactersInFlight += by * call.size;
  }
}
