/** What was published and is not on its way yet, lane by lane, bounded; what travels together is cut from it. */
import { Fifo } from "./fifo.ts";
import { encodedBytes } from "./parcel-codec.ts";
import type { Message } from "./queue.ts";
import { keyOf, type RemoteLane } from "./remote-lane.ts";

const MOST_TASKS = 200;
const MOST_BYTES = 256 * 1024;
/** Names come from outside. Those nothing waits under are forgotten first. */
const MOST_LANES = 4000;

/** @param isConfirmed false: it may have arrived nonetheless. */
export type Done = (message: Message, isConfirmed: boolean) => void;
export type Item = {
  readonly message: Message;
  /** Null for what is told to nobody but the observer. */
  readonly done: Done | null;
  /** Who wanted the same sent, while it was here; seldom anybody. */
  also: Done[] | null;
  readonly at: number;
  isGone: boolean;
};

export function tell(
  { message, done, also }: Pick<Item, "message" | "done" | "also">,
  isConfirmed: boolean,
): void {
  done?.(message, isConfirmed);
  if (also !== null) for (const one of also) one(message, isConfirmed);
}

export const NO_ROOM = "more waits to be published than may";

/** None of them could be confirmed. Those whom nobody else answers for are told to `onUnpublished`. */
export function tellFailed(
  items: readonly Pick<Item, "message" | "done" | "also">[],
  onUnpublished: (messages: readonly Message[]) => void,
): void {
  for (const item of items) tell(item, false);
  const own = items.filter(({ done }) => done === null);
  if (own.length > 0) onUnpublished(own.map(({ message }) => message));
}

export type Parcel = {
  readonly lane: OutLane;
  readonly items: readonly Item[];
  /** How much of what may travel together it is, 0 … 1. */
  readonly fullness: number;
  readonly at: number;
};

export class OutLane implements RemoteLane {
  readonly name: string;
  readonly priority: number;
  readonly fifo = new Fifo<Item>();
  /** Parcels that were sent and are not confirmed. */
  underWay = 0;

  constructor({ name, priority }: RemoteLane) {
    this.name = name;
    this.priority = priority;
  }

  head(): Item | undefined {
    for (;;) {
      const item = this.fifo.peek();
      if (item === undefined || !item.isGone) return item;
      this.fifo.shift();
    }
  }
}

export type OutgoingOptions = {
  readonly limits: { readonly tasks: number; readonly bytes: number };
  /** How many of an action may travel in one parcel: one worker gets them all. */
  readonly tasksAtOnce: (action: string) => number;
  readonly whereOf: (message: Message) => RemoteLane;
};

export class Outgoing {
  readonly #options: OutgoingOptions;
  readonly #lanes = new Map<string, OutLane>();
  readonly #items = new Map<string, Item>();
  #bytes = 0;

  constructor(options: OutgoingOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#items.size;
  }

  /** High priorities first. */
  lanes(): OutLane[] {
    return [...this.#lanes.values()].sort((a, b) => b.priority - a.priority);
  }

  /** @returns false when there is no room. One that is here already is not added again; who wants it sent is told all the same. */
  add(message: Message, done: Done | null, at: number): boolean {
    const { id } = message.spec;
    const { limits, whereOf } = this.#options;
    const here = this.#items.get(id);
    if (here !== undefined) {
      if (done !== null) (here.also ??= []).push(done);
      return true;
    }
    if (this.#items.size >= limits.tasks || this.#bytes >= limits.bytes) return false;
    const lane = this.#laneAt(whereOf(message));
    if (lane === null) return false;
    const item: Item = { message, done, also: null, at, isGone: false };
    lane.fifo.push(item);
    this.#items.set(id, item);
    this.#bytes += encodedBytes(message);
    return true;
  }

  /** What waits in this lane waits in another from now on, behind what is there. */
  move(from: OutLane, to: RemoteLane): void {
    const lane = this.#laneAt(to);
    if (lane === null) return;
    for (let head = from.head(); head; head = from.head()) {
      from.fifo.shift();
      lane.fifo.push(head);
    }
  }

  remove(id: string): boolean {
    const item = this.#items.get(id);
    if (item === undefined) return false;
    item.isGone = true;
    this.#forget(item);
    // It need not be anywhere any more: who waits to let go of it may.
    tell(item, true);
    return true;
  }

  /** The next that travel together; null when the lane is empty. */
  cut(lane: OutLane, at: number): Parcel | null {
    const items: Item[] = [];
    let bytes = 0;
    let share = 0;
    let fullness = 0;
    for (let head = lane.head(); head && items.length < MOST_TASKS; head = lane.head()) {
      bytes += encodedBytes(head.message);
      share += 1 / Math.max(1, this.#options.tasksAtOnce(head.message.spec.action));
      // A hair more than 1 is what adding up 1/200 two hundred times may give.
      if (items.length > 0 && (bytes > MOST_BYTES || share > 1.000_001)) break;
      lane.fifo.shift();
      this.#forget(head);
      items.push(head);
      fullness = Math.min(1, Math.max(share, bytes / MOST_BYTES, items.length / MOST_TASKS));
    }
    return items.length === 0 ? null : { lane, items, fullness, at };
  }

  /** All that came before this moment. */
  cutOld(before: number): Item[] {
    const old: Item[] = [];
    for (const lane of this.#lanes.values()) {
      for (let head = lane.head(); head && head.at < before; head = lane.head()) {
        lane.fifo.shift();
        this.#forget(head);
        old.push(head);
      }
    }
    return old;
  }

  /** Null when there are too many. */
  #laneAt(where: RemoteLane): OutLane | null {
    const key = keyOf(where);
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      if (this.#lanes.size >= MOST_LANES && !this.#forgetIdle()) return null;
      this.#lanes.set(key, (lane = new OutLane(where)));
    }
    return lane;
  }

  /** @returns whether there was one. */
  #forgetIdle(): boolean {
    for (const [name, lane] of this.#lanes)
      if (lane.head() === undefined && lane.underWay === 0) this.#lanes.delete(name);
    return this.#lanes.size < MOST_LANES;
  }

  #forget({ message }: Item): void {
    this.#items.delete(message.spec.id);
    this.#bytes -= encodedBytes(message);
  }
}
