/**
 * Lanes that something may be taken from: one of what has rows, which goes by arrival, or all of the rides of one queue and
 * priority, whatever their actions. Arrival says when it is their turn among others; among them their senders take turns.
 */
import type { Entry, Lane } from "./lane.ts";

/** How many of its action may be taken. */
export type OpenLane = { readonly lane: Lane; room: number };

/**
 * A turn is of one task, or of several where they are so short that there is room for many: so that what one connection asked for
 * together is answered together, and not by a write for each.
 */
const MOST_IN_A_TURN = 8;
const ROOM_FOR_EACH = 8;

export class OpenLanes {
  readonly #lanes: OpenLane[] = [];
  /** Whose turn it is, and how many more may go in it. */
  #turn: { readonly key: object; more: number } | null = null;

  add(open: OpenLane): void {
    this.#lanes.push(open);
  }

  /** Of the one that has waited longest, where there is room for one; `Infinity` when there is none. */
  get oldestScore(): number {
    let oldest = Infinity;
    for (const { lane, room } of this.#lanes) {
      const head = room > 0 ? lane.oldest() : undefined;
      if (head !== undefined && head.score < oldest) oldest = head.score;
    }
    return oldest;
  }

  /** The next to go. Only where there is an {@link oldestScore}. */
  take(): Entry {
    const { order } = this.#lanes[0]!.lane;
    if (order === null) {
      const [open] = this.#lanes;
      open!.room--;
      return open!.lane.oldest()!;
    }
    const more = this.#takeMore();
    if (more !== undefined) return more;
    const fresh = this.#first(true);
    const other = this.#first(false);
    const isNew = fresh !== null && (order.isNewNext || other === null);
    order.isNewNext = !isNew;
    const open = (isNew ? fresh : other)!;
    const turns = open.lane.turns!;
    const most = Math.min(MOST_IN_A_TURN, Math.floor(open.room / ROOM_FOR_EACH));
    this.#turn = most > 1 ? { key: turns.first(isNew)!.key, more: most - 1 } : null;
    open.room--;
    return turns.take(isNew)!;
  }

  /** Of whose turn it is: what came first, in whichever lane. */
  #takeMore(): Entry | undefined {
    const turn = this.#turn;
    if (turn === null || turn.more-- <= 0) return undefined;
    let best: OpenLane | null = null;
    let arrival = Infinity;
    for (const open of this.#lanes) {
      const item = open.room > 0 ? open.lane.turns!.peekOf(turn.key) : undefined;
      if (item === undefined || item.arrival >= arrival) continue;
      best = open;
      ({ arrival } = item);
    }
    if (best === null) return undefined;
    best.room--;
    return best.lane.turns!.takeOf(turn.key);
  }

  /** Where the sender is that waits longest for its turn; of one sender, what came first. */
  #first(isNew: boolean): OpenLane | null {
    let best: OpenLane | null = null;
    let since = Infinity;
    let arrival = Infinity;
    for (const open of this.#lanes) {
      const first = open.room > 0 ? open.lane.turns!.first(isNew) : undefined;
      if (first === undefined || first.since > since) continue;
      const item = first.waiting.peek()!;
      if (first.since === since && item.arrival >= arrival) continue;
      best = open;
      since = first.since;
      arrival = item.arrival;
    }
    return best;
  }
}

/** Rides of one queue and priority together, every other lane by itself. */
export function grouped(open: readonly OpenLane[]): OpenLanes[] {
  const groups: OpenLanes[] = [];
  const byOrder = new Map<object, OpenLanes>();
  for (const one of open) {
    const { order } = one.lane;
    let group = order === null ? undefined : byOrder.get(order);
    if (group === undefined) {
      groups.push((group = new OpenLanes()));
      if (order !== null) byOrder.set(order, group);
    }
    group.add(one);
  }
  return groups;
}
