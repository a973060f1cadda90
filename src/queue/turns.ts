/**
 * Many senders in one line, who take turns: one with thousands waiting holds up another no longer than a turn of each. Who had
 * nothing waiting comes on as new, and every second turn is a new one's: so who sends little is served at once beside any
 * flood, and a flood of new ones does not stop the old. Of one sender, first in, first out.
 */
import { Fifo } from "./fifo.ts";

type Sender<T> = {
  readonly key: object;
  readonly waiting: Fifo<T>;
  /** When it came on as new, or had its last turn. */
  since: number;
};

/** The one order in which senders of several lines have their turns. */
export class TurnOrder {
  #last = 0;
  isNewNext = true;
  /** How many lines go by it. */
  lines = 0;

  /** Counted in turns, and not in time. */
  now(): number {
    return ++this.#last;
  }
}

export class Turns<T> {
  readonly #order: TurnOrder;
  readonly #isWaiting: (item: T) => boolean;
  readonly #senders = new Map<object, Sender<T>>();
  readonly #new = new Fifo<Sender<T>>();
  readonly #old = new Fifo<Sender<T>>();
  /** The one that came last: many of one sender come in a row. */
  #latest: Sender<T> | null = null;

  /** @param isWaiting whether it has not been taken or removed by another way. */
  constructor(order: TurnOrder, isWaiting: (item: T) => boolean) {
    this.#order = order;
    this.#isWaiting = isWaiting;
  }

  push(key: object, item: T): void {
    this.#of(key).waiting.push(item);
  }

  /** Back to the front of its sender's. */
  unshift(key: object, item: T): void {
    this.#of(key).waiting.unshift(item);
  }

  /** Since when the first of the new senders waits for its turn; `Infinity` when there is none. */
  get newSince(): number {
    return this.#firstOf(this.#new)?.since ?? Infinity;
  }

  /** Since when the first of those waits who had a turn before; `Infinity` when there is none. */
  get oldSince(): number {
    return this.#firstOf(this.#old)?.since ?? Infinity;
  }

  /** The next of the first of the new senders, or of the others: its turn is over with that. Only where there is one. */
  take(isNew: boolean): T {
    const line = isNew ? this.#new : this.#old;
    const sender = this.#firstOf(line)!;
    line.shift();
    const item = sender.waiting.shift()!;
    // Who has nothing more stays until its turn comes again: else who sends again and again would be new each time.
    sender.since = this.#order.now();
    this.#old.push(sender);
    return item;
  }

  #firstOf(line: Fifo<Sender<T>>): Sender<T> | undefined {
    for (let sender = line.peek(); sender !== undefined; sender = line.peek()) {
      const { waiting } = sender;
      for (let item = waiting.peek(); item !== undefined; item = waiting.peek()) {
        if (this.#isWaiting(item)) return sender;
        waiting.shift();
      }
      line.shift();
      this.#senders.delete(sender.key);
      if (this.#latest === sender) this.#latest = null;
    }
    return undefined;
  }

  #of(key: object): Sender<T> {
    if (this.#latest?.key === key) return this.#latest;
    let sender = this.#senders.get(key);
    if (sender === undefined) {
      this.#senders.set(key, (sender = { key, waiting: new Fifo(), since: this.#order.now() }));
      this.#new.push(sender);
    }
    return (this.#latest = sender);
  }
}
