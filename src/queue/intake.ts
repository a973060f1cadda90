/** Parcels that came become what waits in the window. */
import type { Deliveries } from "./deliveries.ts";
import { decode } from "./parcel-codec.ts";
import type { Message } from "./queue.ts";
import type { Window } from "./window.ts";

/** Lost connections seldom strike a task twice; one that ends its worker does it every time. */
const SUSPECT_FROM = 2;

export type Arrival<Source> = {
  readonly source: Source;
  readonly body: string;
  /** How often somebody had it before and never settled it. */
  readonly timesLost: number;
  readonly acknowledge: () => void;
};

export class Intake<Source> {
  readonly #window: Window;
  readonly #deliveries: Deliveries<Source>;

  constructor(window: Window, deliveries: Deliveries<Source>) {
    this.#window = window;
    this.#deliveries = deliveries;
  }

  /**
   * @returns how many tasks it carried.
   * @throws UnknownVersion, Unreadable
   */
  receive({ source, body, timesLost, acknowledge }: Arrival<Source>): number {
    const messages = decode(body);
    const ids = new Set<string>();
    for (const message of messages) {
      const { id } = message.spec;
      if (!this.#window.has(id)) this.#window.add(asGiven(message, timesLost));
      // Here twice: the first parcel answers for it, unless that one was lost.
      else if (this.#deliveries.has(id)) continue;
      ids.add(id);
    }
    this.#deliveries.add(source, [...ids], acknowledge);
    return messages.length;
  }

  /** Whether something that came by it is not settled. */
  holds(source: Source): boolean {
    return this.#deliveries.holds(source);
  }

  /** What waits comes again from elsewhere. What is taken stays with its taker; its repeat will find it here. */
  lose(source: Source): void {
    for (const id of this.#deliveries.lose(source)) if (this.#window.isWaiting(id)) this.#window.settle(id);
  }
}

/** Whoever had it before may have begun it. */
function asGiven(message: Message, timesLost: number): Message {
  if (timesLost === 0) return message;
  const isSuspect = message.isSuspect || timesLost >= SUSPECT_FROM;
  return { ...message, isRide: false, isRepeat: true, isSuspect };
}
