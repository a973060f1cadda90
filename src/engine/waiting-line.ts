/**
 * Who was told to come again, and when. Each sender that is refused has a share of what drains, and its requests are told times that
 * far apart: so they come one by one as there is room, many senders get equal parts, and one that sends a thousand waits longer,
 * not the others. Who comes at its time finds its place kept: a task that its sender named finds its own, of those without a name
 * any takes the next of its sender's.
 */
import { EARLY_MS, KEPT_MS, NamedPlaces } from "./named-places.ts";

/** Told when nobody knows how fast it drains. */
const UNKNOWN_MS = 1000;
const STANDSTILL_MS = 5000;
const LONGEST_MS = 300_000;

/** Of one sender, at equal distances: told and not come yet. */
type Places = { count: number; nextAt: number; lastAt: number; waitMs: number; stepMs: number };

export class WaitingLine {
  readonly #random: () => number;
  readonly #bySender = new Map<object, Places>();
  readonly #named = new NamedPlaces();
  /** At once, lately. */
  #mostSenders = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  get isEmpty(): boolean {
    return this.#senders === 0;
  }

  /** So many senders are about to be told times. */
  expect(senders: number): void {
    this.#mostSenders = Math.max(this.#mostSenders, senders);
  }

  /**
   * @param perSecond how many go; null when that is not known. @param task the name its sender gave it.
   * @returns in how many milliseconds to come.
   */
  add(sender: object, now: number, perSecond: number | null, task: string | null = null): number {
    const waitsMs = task === null ? null : this.#named.waits(task, now);
    if (waitsMs !== null) return waitsMs;
    if (perSecond === null || perSecond === 0)
      return Math.ceil((perSecond === null ? UNKNOWN_MS : STANDSTILL_MS) * (0.75 + this.#random() / 2));
    this.#mostSenders = Math.max(this.#mostSenders, this.#senders, 1);
    const stepMs = (this.#mostSenders / perSecond) * 1000;
    if (task !== null && !this.#named.isFull)
      return this.#named.give(sender, task, now, stepMs, LONGEST_MS, this.#random());
    return this.#give(sender, now, stepMs);
  }

  #give(sender: object, now: number, stepMs: number): number {
    let places = this.#bySender.get(sender);
    if (places === undefined)
      this.#bySender.set(sender, (places = { count: 0, nextAt: now, lastAt: now, waitMs: 0, stepMs: 0 }));
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
  take(sender: object, now: number, task: string | null = null): boolean {
    if (task !== null && this.#named.take(task, now)) return true;
    // A name that was told nothing takes nobody's place.
    if (task !== null && !this.#named.isFull) return false;
    const places = this.#bySender.get(sender);
    if (places === undefined || !isDue(places, now)) return false;
    if (--places.count === 0) this.#bySender.delete(sender);
    else places.nextAt += (places.lastAt - places.nextAt) / places.count;
    return true;
  }

  /** There was room, whether it was told to come or not: one less of its sender's will come, of those without a name whichever. */
  release(sender: object, task: string | null = null): void {
    if (task !== null) return this.#named.release(task);
    const places = this.#bySender.get(sender);
    if (places === undefined) return;
    if (--places.count === 0) this.#bySender.delete(sender);
    else places.lastAt -= (places.lastAt - places.nextAt) / places.count;
  }

  /** To be called about once a second. */
  forgetLate(now: number): void {
    this.#named.forgetLate(now);
    for (const [sender, { lastAt, waitMs }] of this.#bySender)
      if (now > lastAt + waitMs + KEPT_MS) this.#bySender.delete(sender);
    this.#mostSenders = Math.max(this.#senders, Math.floor(this.#mostSenders * 0.9));
  }

  get #senders(): number {
    return this.#bySender.size + this.#named.senders;
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
