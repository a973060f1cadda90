import { Fifo } from "./fifo.ts";
import { Turns, type TurnOrder } from "./turns.ts";
import type { TaskSpec } from "../task/task.ts";
import type { Message } from "./queue.ts";

/** A message while it is in the queue's hands or its taker's. */
export type Entry = {
  readonly message: Message;
  readonly lane: Lane;
  readonly bytes: number;
  /** Smaller starts first; see score(). */
  readonly score: number;
  /** Smaller came first. */
  readonly arrival: number;
  state: "waiting" | "taken" | "gone";
};

/** What of one queue name and priority waits here and has a row, so that it could be read again. */
export type Share = { tasks: number; bytes: number };

/** What waits with one queue name, priority and action: all its entries are as good as one another, so order is arrival; senders of rides take turns. */
export class Lane {
  readonly queue: string;
  readonly priority: number;
  readonly action: string;
  /** Shared with the lanes of other actions; null for rides. */
  readonly share: Share | null;
  /** Of rides: shared with the lanes of other actions; else null. */
  readonly order: TurnOrder | null;
  readonly turns: Turns<Entry> | null;
  readonly #arrivals = new Fifo<Entry>();

  constructor(queue: string, priority: number, action: string, share: Share | null, order: TurnOrder | null) {
    this.queue = queue;
    this.priority = priority;
    this.action = action;
    this.share = share;
    this.order = order;
    this.turns = order && new Turns(order, ({ state }) => state === "waiting");
  }

  push(entry: Entry): void {
    this.#arrivals.push(entry);
    this.turns?.push(this.#senderOf(entry), entry);
  }

  /** Back to the front. */
  unshift(entry: Entry): void {
    this.#arrivals.unshift(entry);
    this.turns?.unshift(this.#senderOf(entry), entry);
  }

  /** Those without one go in their order, as if all were one sender's. */
  #senderOf({ message }: Entry): object {
    return message.sender ?? this.order!;
  }

  /** The one that has waited longest; what was taken or removed meanwhile is dropped here. */
  oldest(): Entry | undefined {
    for (;;) {
      const entry = this.#arrivals.peek();
      if (entry === undefined || entry.state === "waiting") return entry;
      this.#arrivals.shift();
    }
  }

  /** In the order of arrival, also some that wait no more. */
  [Symbol.iterator](): Iterator<Entry> {
    return this.#arrivals[Symbol.iterator]();
  }
}

/**
 * Priority with ageing in one number: a task competes as if it had come `level × ageStepMs` earlier. So a higher
 * priority goes first, and nothing waits longer than it would in a plain line plus three steps.
 */
export function score(message: Message, ageStepMs: number): number {
  const { spec } = message;
  return (spec.dueAt ?? spec.createdAt) - spec.priority * ageStepMs;
}

/** Memory that a waiting task holds, roughly: text is up to two bytes a character, the rest is objects. */
export function specBytes(spec: TaskSpec): number {
  return 600 + spec.payload.length * 2;
}
