/**
 * Who was told to come again, and when. Each sender that is refused has a share of what drains, and its requests are told times that
 * far apart: so they come one by one as there is room, many senders get equal parts, and one that sends a thousand waits longer,
 * not the others. Who comes at its time finds its place kept.
 */

/** Told when nobody knows how fast it drains. */
const UNKNOWN_MS = 1000;
const STANDSTILL_MS = 5000;
const LONGEST_MS = 300_000;
/** A clock's and a network's unpunctuality. */
const EARLY_MS = 2;
/** A place is kept so long for who does not come, and by as much again as its wait was. */
const KEPT_MS = 1000;

/** Of one sender, at equal distances: told and not come yet. */
type Places = { count: number; nextAt: number; lastAt: number; waitMs: number; stepMs: number };

export class WaitingLine {
  readonly #random: () => number;
  readonly #bySender = new Map<object, Places>();
  /** At once, lately. */
  #mostSenders = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  get isEmpty(): boolean {
    return this.#bySender.size === 0;
  }

  /** @param perSecond how many go; null when that is not known. @returns in how many milliseconds to come. */
  add(sender: object, now: number, perSecond: number | null): number {
    if (perSecond === null || perSecond === 0)
      return Math.ceil((perSecond === null ? UNKNOWN_MS : STANDSTILL_MS) * (0.75 + this.#random() / 2));
    let places = this.#bySender.get(sender);
    if (places === undefined)
      this.#bySender.set(sender, (places = { count: 0, nextAt: now, lastAt: now, waitMs: 0, stepMs: 0 }));
    this.#mostSenders = Math.max(this.#mostSenders, this.#bySender.size);
    const stepMs = (this.#mostSenders / perSecond) * 1000;
    // It came at its time, and there was no room after all: it is the next of its sender's.
    if (places.count > 0 && isDue(places, now))
      return postponed(places, now, stepMs * (0.5 + this.#random()));
    const isFirst = places.count === 0;
    const after = isFirst ? now : Math.max(now, places.lastAt);
    const at = after + stepMs * (isFirst ? 0.5 + this.#random() : 1);
    if (at - now > LONGEST_MS) return LONGEST_MS;
    if (isFirst) places.nextAt = at;
    places.stepMs = stepMs;
    places.lastAt = at;
    places.count++;
    return (places.waitMs = Math.max(1, Math.ceil(at - now)));
  }

  /** @returns whether it was told to come by now: then its place is taken. */
  take(sender: object, now: number): boolean {
    const places = this.#bySender.get(sender);
    if (places === undefined || !isDue(places, now)) return false;
    if (--places.count === 0) this.#bySender.delete(sender);
    else places.nextAt += (places.lastAt - places.nextAt) / places.count;
    return true;
  }

  /** There was room, whether it was told to come or not: one less of its sender's will come, whichever. */
  release(sender: object): void {
    const places = this.#bySender.get(sender);
    if (places === undefined) return;
    if (--places.count === 0) this.#bySender.delete(sender);
    else places.lastAt -= (places.lastAt - places.nextAt) / places.count;
  }

  /** To be called about once a second. */
  forgetLate(now: number): void {
    for (const [sender, { lastAt, waitMs }] of this.#bySender)
      if (now > lastAt + waitMs + KEPT_MS) this.#bySender.delete(sender);
    this.#mostSenders = Math.max(this.#bySender.size, Math.floor(this.#mostSenders * 0.9));
  }
}

/** A new request may have taken the place of one that comes at its time, which then takes the next: it may be a distance early. */
function isDue({ count, nextAt, lastAt, stepMs }: Places, now: number): boolean {
  const distanceMs = count > 1 ? (lastAt - nextAt) / (count - 1) : stepMs;
  return nextAt <= now + EARLY_MS + distanceMs;
}

function postponed(places: Places, now: number, ms: number): number {
  const waitMs = Math.min(LONGEST_MS, Math.max(1, Math.ceil(ms)));
  places.nextAt = now + waitMs;
  places.lastAt = Math.max(places.lastAt, places.nextAt);
  return waitMs;
}
