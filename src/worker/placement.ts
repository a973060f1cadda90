/** Which thread gets a run, and how many more may be given: batches are short in time, so that a slow run holds up little behind it. */
import type { ActionLoad } from "./action-load.ts";
import type { RunMeans } from "./run-means.ts";
import { EXCLUSIVE, MAX_ACTIVE, SHARED } from "./slots.ts";
import type { ThreadLink } from "./thread-link.ts";

/** What a thread may have in hand, in time, so that it need not ask after each short run. Whoever comes new waits as long behind it. */
const BUDGET_MS = 1.5;
/** So long before a run ends one waits ready behind it: as long as it takes to fetch one where processors are short. */
const READY_MS = 3;
/** Of a run of up to this the end is foreseen. A longer one may end at any time, and an empty thread costs it little. */
const FORESEEN_MS = 50;
/** A lane that stands still so long is not given more. */
export const STILL_MS = 4;
/** Up to this a run is shorter than it takes to wake a thread for it: such runs fill one thread before they wake another. */
const TINY_MS = 0.02;
const MAX_IN_LANE = 1024;
const MAX_BYTES = 1_048_576;
/** It has not read what it was given. Asked back and given again meanwhile, the same runs would fill its pipe without end. */
const MAX_UNREAD_BYTES = 262_144;
/** What an action costs before it was measured. */
const UNKNOWN_MS = READY_MS;
/** Nothing is free, or a lane could be filled without end. */
const LEAST_MS = 0.002;

export class Placement {
  readonly #means: RunMeans;

  constructor(means: RunMeans) {
    this.#means = means;
  }

  estimateMs(load: ActionLoad): number {
    return Math.max(this.#means.typical(load.name) ?? UNKNOWN_MS, LEAST_MS);
  }

  room(load: ActionLoad, links: Iterable<ThreadLink>, now: number): number {
    let room = 0;
    let others = load.limit === null ? Infinity : load.limit - load.linkCount;
    const estimateMs = this.estimateMs(load);
    for (const link of links) {
      const capacity = this.#capacity(load, link, now, estimateMs);
      if (capacity === 0) continue;
      const isNew = load.lane === EXCLUSIVE && load.on(link) === 0;
      if (isNew && others <= 0) continue;
      if (isNew) others--;
      room += capacity;
    }
    return load.lane === SHARED ? Math.min(room, load.limit! - load.inHand) : room;
  }

  /** The least loaded that has room, but tiny runs go where others go; null when none has room. */
  pick(load: ActionLoad, links: Iterable<ThreadLink>, now: number): ThreadLink | null {
    if (load.lane === SHARED && load.inHand >= load.limit!) return null;
    let best: ThreadLink | null = null;
    let bestMs = Infinity;
    const estimateMs = this.estimateMs(load);
    const isTiny = load.lane === EXCLUSIVE && estimateMs <= TINY_MS;
    for (const link of links) {
      if (
        load.lane === EXCLUSIVE &&
        load.limit !== null &&
        load.on(link) === 0 &&
        load.linkCount >= load.limit
      )
        continue;
      const ms = load.lane === SHARED ? link.counts[SHARED] + link.loadMs : link.loadMs;
      if (ms >= bestMs || this.#capacity(load, link, now, estimateMs) === 0) continue;
      if (isTiny && ms < BUDGET_MS) return link;
      best = link;
      bestMs = ms;
    }
    return best;
  }

  /** When a thread that has no room will have some, if its run takes as long as expected; `Infinity` when none is foreseen. */
  opensAt(links: Iterable<ThreadLink>, now: number): number {
    let first = Infinity;
    for (const link of links) {
      if (link.counts[EXCLUSIVE] !== 1 || link.loadMs < READY_MS || link.loadMs > FORESEEN_MS) continue;
      const at = link.movedAt + link.loadMs - READY_MS;
      if (at > now && at < first) first = at;
    }
    return first;
  }

  #capacity(load: ActionLoad, link: ThreadLink, now: number, estimateMs: number): number {
    if (link.state !== "up" || link.isBlocked) return 0;
    if (link.bytes > MAX_BYTES || link.unreadBytes > MAX_UNREAD_BYTES) return 0;
    if (load.lane === SHARED)
      return Math.max(0, Math.min(load.perThread - load.on(link), MAX_ACTIVE - 1 - link.counts[SHARED]));
    const count = link.counts[EXCLUSIVE];
    if (count === 0) return Math.max(1, Math.min(MAX_IN_LANE, Math.floor(BUDGET_MS / estimateMs)));
    const stillMs = link.stillMs(now);
    // Of several, or of one that is long or may be, it is not foreseen when the first ends.
    const isForeseen = count === 1 && link.loadMs <= FORESEEN_MS && this.#means.get(load.name) !== null;
    const foreseenMs = isForeseen ? link.loadMs : 0;
    if (count >= MAX_IN_LANE || stillMs > STILL_MS + foreseenMs) return 0;
    const leftMs = link.loadMs - Math.min(stillMs, foreseenMs);
    // So that at the very moment that was foreseen there is room.
    if (isForeseen ? leftMs > READY_MS + 1e-6 : leftMs >= BUDGET_MS) return 0;
    return Math.max(1, Math.min(Math.floor((BUDGET_MS - leftMs) / estimateMs), MAX_IN_LANE - count));
  }
}
