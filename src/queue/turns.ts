/**
 * Many senders in one line, who take turns: one with thousands waiting holds up another no longer than a turn of each. Who had
 * nothing waiting comes on as new, and every second turn is a new one's: so who sends little is served at once beside any
 * flood, and a flood of new ones does not stop the old. Of one sender, first in, first out.
 */
import { Fifo } from "./fifo.ts";

/** Of one sender, in all lines that go by one order. `since`: when it came on as new, or had its last turn. */
type Turn = { since: number; isNew: boolean; lines: number };

/** Of one sender in one line; `since` may be that of a turn before its last, had in another line. */
type Sender<T> = {
  readonly key: object;
  readonly turn: Turn;
  readonly waiting: Fifo<T>;
  since: number;
};

/** Who is next of a line. */
export type First<T> = {
  readonly key: object;
  readonly since: number;
  readonly waiting: Pick<Fifo<T>, "peek">;
};

/** The one order in which the senders of several lines have their turns. */
export class TurnOrder {
  readonly #turns = new Map<object, Turn>();
  #last = 0;
  isNewNext = true;
  /** How many lines go by it. */
  lines = 0;

  /** Who has something waiting, or had lately. */
  get senders(): number {
    return this.#turns.size;
  }

  /** Counted in turns, and not in time. */
  now(): number {
    return ++this.#last;
  }

  enter(key: object): Turn {
    let turn = this.#turns.get(key);
    if (turn === undefined) this.#turns.set(key, (turn = { since: this.now(), isNew: true, lines: 0 }));
    turn.lines++;
    return turn;
  }

  leave(key: object, turn: Turn): void {
    if (--turn.lines === 0) this.#turns.delete(key);
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

  /** Of the senders that had no turn yet, or of the others: what goes next, and since when its sender waits for its turn. */
  first(isNew: boolean): First<T> | undefined {
    return this.#firstOf(isNew ? this.#new : this.#old);
  }

  /** Takes the {@link first}, if there is one: its sender's turn is over with that. */
  take(isNew: boolean): T | undefined {
    const line = isNew ? this.#new : this.#old;
    const sender = this.#firstOf(line);
    if (sender === undefined) return undefined;
    line.shift();
    // Who has nothing more stays until its turn comes again: else who sends again and again would be new each time.
    sender.turn.isNew = false;
    sender.turn.since = this.#order.now();
    this.#putBehind(sender);
    return sender.waiting.shift();
  }

  /** What a sender has here that goes first, whosever turn it is. */
  peekOf(key: object): T | undefined {
    const waiting = this.#senders.get(key)?.waiting;
    if (waiting !== undefined) this.#dropTaken(waiting);
    return waiting?.peek();
  }

  /** Takes what {@link peekOf} told: its sender's turn is of one more. */
  takeOf(key: object): T | undefined {
    return this.#senders.get(key)?.waiting.shift();
  }

  /** Nothing waits, and the line goes: nobody is to be remembered for it. */
  close(): void {
    for (const sender of this.#senders.values()) this.#forget(sender);
  }

  #firstOf(line: Fifo<Sender<T>>): Sender<T> | undefined {
    for (let sender = line.peek(); sender !== undefined; sender = line.peek()) {
      const { waiting, turn } = sender;
      this.#dropTaken(waiting);
      if (waiting.size > 0 && sender.since === turn.since) return sender;
      line.shift();
      if (waiting.size > 0) this.#putBehind(sender);
      else this.#forget(sender);
    }
    return undefined;
  }

  #dropTaken(waiting: Fifo<T>): void {
    for (let item = waiting.peek(); item !== undefined && !this.#isWaiting(item); item = waiting.peek())
      waiting.shift();
  }

  #putBehind(sender: Sender<T>): void {
    sender.since = sender.turn.since;
    this.#old.push(sender);
  }

  #forget(sender: Sender<T>): void {
    this.#senders.delete(sender.key);
    this.#order.leave(sender.key, sender.turn);
    if (this.#latest === sender) this.#latest = null;
  }

  #of(key: object): Sender<T> {
    if (this.#latest?.key === key) return this.#latest;
    let sender = this.#senders.get(key);
    if (sender === undefined) {
      const turn = this.#order.enter(key);
      this.#senders.set(key, (sender = { key, turn, waiting: new Fifo(), since: turn.since }));
      (turn.isNew ? this.#new : this.#old).push(sender);
    }
    return (this.#latest = sender);
  }
}
