/**
 * Lanes that something may be taken from: one of what has rows, which goes by arrival, or all of the rides of one queue and
 * priority, whatever their actions. Arrival says when it is their turn among others; among them their senders take turns.
 */
import type { Entry, Lane } from "./lane.ts";

/** How many of its action may be taken. */
export type OpenLane = { readonly lane: Lane; room: number };

export class OpenLanes {
  readonly #lanes: OpenLane[] = [];

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
    let newest: OpenLane | undefined;
    let newSince = Infinity;
    let other: OpenLane | undefined;
    let oldSince = Infinity;
    for (const open of this.#lanes) {
      if (open.room <= 0) continue;
      const turns = open.lane.turns!;
      if (turns.newSince < newSince) {
        newest = open;
        newSince = turns.newSince;
      }
      if (turns.oldSince < oldSince) {
        other = open;
        oldSince = turns.oldSince;
      }
    }
    const isNew = newest !== undefined && (order.isNewNext || other === undefined);
    order.isNewNext = !isNew;
    const open = (isNew ? newest : other)!;
    open.room--;
    return open.lane.turns!.take(isNew);
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
