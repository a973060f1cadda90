/**
 * What one connection has in flight, and what of it waits because that is enough: a connection at its limit (or of a node
 * at its own) is stalled. Then tasks are parked, ops still pass while fewer than `stalledOps` wait, and after that nothing is read.
 */
import type { Submit } from "../protocol/request.ts";
import type { OpRequest } from "../protocol/messages.ts";
import type { Budget } from "./budget.ts";
import type { Limits } from "./limits.ts";
import type { Share } from "./shares.ts";

/** The place of an inline answer; what stands behind it waits for it. */
export type Slot = { text: string | null };

/** A request that is owed an answer. */
export type Pending = {
  readonly prefix: string;
  readonly bytes: number;
  readonly tellsTask: boolean;
  readonly slot: Slot | null;
  overtook: boolean;
  /** Of a task in flight, when it came to be: for its connection's share. */
  bornIn: number;
};

export type Item =
  | { readonly type: "submit"; readonly bytes: number; readonly submit: Submit; readonly pending: Pending }
  | { readonly type: "op"; readonly bytes: number; readonly prefix: string; readonly op: OpRequest };

/** How far a stalled connection is read in search of ops, when the node has no room. */
const LOOKAHEAD_BYTES = 65_536;

/** After this the engine has a row of a waiting task and needs no memory for it (or has answered). */
const ENGINE_HOLDS_MS = 2000;

export class Load {
  readonly #limits: Limits;
  readonly #budget: Budget;
  readonly #share: Share;
  #count = 0;
  #bytes = 0;
  /** Ops that passed while stalled, not answered yet. */
  #overtaking = 0;
  #parkedSubmits: Item[] = [];
  #parkedOps: Item[] = [];
  #parkedBytes = 0;

  constructor(limits: Limits, budget: Budget, share: Share) {
    this.#limits = limits;
    this.#budget = budget;
    this.#share = share;
  }

  get isEmpty(): boolean {
    return this.#count === 0 && this.#parkedSubmits.length === 0 && this.#parkedOps.length === 0;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Unanswered. */
  get count(): number {
    return this.#count;
  }

  /** Tasks wait though no limit is reached: others have their share. */
  get isSharing(): boolean {
    return this.#parkedSubmits.length > 0 && this.hasRoom;
  }

  get hasRoom(): boolean {
    return (
      this.#count < this.#limits.connectionTasks &&
      this.#bytes < this.#limits.connectionBytes &&
      this.#budget.hasRoom
    );
  }

  /** Enough waits: the socket is not to be read. */
  get isFull(): boolean {
    if (this.hasRoom && this.#parkedSubmits.length === 0 && this.#parkedOps.length === 0) return false;
    const waiting = this.#overtaking + this.#parkedSubmits.length + this.#parkedOps.length;
    const { hasRoom, mayHold } = this.#budget;
    const lookahead = hasRoom && mayHold ? this.#limits.lineBytes : LOOKAHEAD_BYTES;
    return waiting >= this.#limits.stalledOps || this.#parkedBytes >= lookahead;
  }

  /** @returns false when it is parked: {@link next} gives it when its time comes. */
  admits(item: Item): boolean {
    const isFirst = item.type === "op" ? this.#parkedOps.length === 0 : this.#parkedSubmits.length === 0;
    if (isFirst && this.#mayRun(item)) return true;
    (item.type === "op" ? this.#parkedOps : this.#parkedSubmits).push(item);
    this.#park(item.bytes);
    return false;
  }

  /** The parked ones that may run now, each {@link begin}s before the next is asked for. */
  *next(): Generator<Item> {
    for (const parked of [this.#parkedOps, this.#parkedSubmits]) {
      let taken = 0;
      try {
        while (taken < parked.length && this.#mayRun(parked[taken]!)) {
          const item = parked[taken++]!;
          this.#park(-item.bytes);
          yield item;
        }
      } finally {
        parked.splice(0, taken);
      }
    }
  }

  /** @returns whether it overtook: to be said when it ends. */
  begin(bytes: number, isOp: boolean): boolean {
    const overtakes = isOp && !this.hasRoom;
    this.#count++;
    this.#bytes += bytes;
    if (overtakes) this.#overtaking++;
    this.#budget.take(bytes);
    return overtakes;
  }

  /** A task, in place of {@link begin}. */
  beginTask(pending: Pending): void {
    this.begin(pending.bytes, false);
    pending.bornIn = this.#share.begin(pending.bytes);
  }

  endTask({ bytes, bornIn, overtook }: Pending): void {
    if (bornIn > 0) this.#share.end(bornIn, bytes);
    this.end(bytes, overtook);
  }

  end(bytes: number, overtook: boolean): void {
    this.#count--;
    this.#bytes -= bytes;
    if (overtook) this.#overtaking--;
    this.#budget.give(bytes);
  }

  /** The connection is gone. What its tasks hold in the node is given back when the engine needs no memory for them. */
  drop(): void {
    this.#parkedSubmits = [];
    this.#parkedOps = [];
    this.#park(-this.#parkedBytes);
    this.#share.drop();
    const bytes = this.#bytes;
    this.#bytes = 0;
    this.#count = 0;
    if (bytes > 0) setTimeout(() => this.#budget.give(bytes), ENGINE_HOLDS_MS).unref();
  }

  #park(bytes: number): void {
    this.#parkedBytes += bytes;
    this.#budget.hold(bytes);
  }

  #mayRun(item: Item): boolean {
    if (item.type === "submit") return this.hasRoom && this.#share.hasRoom;
    return this.hasRoom || this.#overtaking < this.#limits.stalledOps;
  }
}
