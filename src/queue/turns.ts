/**
 * Many senders in one line, who take turns: one with thousands waiting holds up another no longer than a turn of each. Who had
 * nothing waiting comes on as new, and every second turn is a new one's: so who sends little is served at once beside any
 * flood, and a flood of new ones does not stop the old. Of one sender, first in, first out.
 */
import { Fifo } from "./fifo.ts";

type Sender<T> = { readonly key: object; readonly waiting: Fifo<T> };

export class Turns<T> {
  readonly #senders = new Map<object, Sender<T>>();
  readonly #new = new Fifo<Sender<T>>();
  readonly #old = new Fifo<Sender<T>>();
  #next: Sender<T> | null = null;
  #isNextNew = false;
  /** The one that came last: many of one sender come in a row. */
  #latest: Sender<T> | null = null;

  push(key: object, item: T): void {
    this.#of(key).waiting.push(item);
  }

  /** Back to the front of its sender's. */
  unshift(key: object, item: T): void {
    this.#of(key).waiting.unshift(item);
  }

  peek(): T | undefined {
    for (;;) {
      this.#next ??= this.#choose();
      const item = this.#next?.waiting.peek();
      if (item !== undefined || this.#next === null) return item;
      this.#forget(this.#next);
      this.#next = null;
    }
  }

  /** What {@link peek} gives goes, and its sender's turn is over. */
  shift(): void {
    if (this.peek() === undefined) return;
    const sender = this.#next!;
    sender.waiting.shift();
    // Who has nothing more stays until its turn comes again: else who sends again and again would be new each time.
    this.#old.push(sender);
    this.#next = null;
  }

  #choose(): Sender<T> | null {
    const isNew = this.#new.size > 0 && (!this.#isNextNew || this.#old.size === 0);
    this.#isNextNew = isNew;
    return (isNew ? this.#new : this.#old).shift() ?? null;
  }

  #of(key: object): Sender<T> {
    if (this.#latest?.key === key) return this.#latest;
    let sender = this.#senders.get(key);
    if (sender === undefined) {
      this.#senders.set(key, (sender = { key, waiting: new Fifo() }));
      this.#new.push(sender);
    }
    return (this.#latest = sender);
  }

  #forget(sender: Sender<T>): void {
    this.#senders.delete(sender.key);
    if (this.#latest === sender) this.#latest = null;
  }
}
