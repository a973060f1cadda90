/** Of tasks that their senders named: each finds the place again that it was told, whatever else its sender asks for meanwhile. */

/** A clock's and a network's unpunctuality. */
const EARLY_MS = 2;
/** A place is kept so long for who does not come, and by as much again as its wait was. */
const KEPT_MS = 1000;
/** More are not remembered; so many take about 50 MB. */
const MOST = 300_000;
/** Looked at in one call, so that no call takes long. */
const SWEPT_AT_ONCE = 20_000;

type Told = { readonly sender: object; readonly at: number; readonly keptUntil: number };
/** Of one sender: how many were told, when the last of them comes, and the last of those that came and found no room. */
type Ledger = { count: number; lastAt: number; lastAgainAt: number };

export class NamedPlaces {
  readonly #told = new Map<string, Told>();
  readonly #ledgers = new Map<object, Ledger>();
  #sweep = this.#told.entries();

  get senders(): number {
    return this.#ledgers.size;
  }

  get isFull(): boolean {
    return this.#told.size >= MOST;
  }

  /** @returns in how many milliseconds it is to come, by what it was told before; null when it is its time, or was told nothing. */
  waits(sender: object, task: string, now: number): number | null {
    const told = this.#of(sender, task);
    return told === null || told.at <= now + EARLY_MS ? null : Math.ceil(told.at - now);
  }

  /**
   * It was told nothing yet, or came at its time and found no room.
   * @param stepMs between two of a sender. @param longestMs beyond it no place is kept. @param chance from 0 to 1.
   * @returns in how many milliseconds it is to come.
   */
  give(sender: object, task: string, now: number, stepMs: number, longestMs: number, chance: number): number {
    let ledger = this.#ledgers.get(sender);
    if (ledger === undefined)
      this.#ledgers.set(sender, (ledger = { count: 0, lastAt: now, lastAgainAt: now }));
    const isAgain = this.#of(sender, task) !== null;
    const after = Math.max(now, isAgain ? ledger.lastAgainAt : ledger.lastAt);
    // Many who come for the first time are not to come all at once.
    const at = after + stepMs * (after === now ? 0.5 + chance : 1);
    const waitMs = Math.max(1, Math.ceil(at - now));
    if (waitMs > longestMs) return longestMs;
    if (isAgain) ledger.lastAgainAt = at;
    else {
      ledger.lastAt = at;
      ledger.count++;
    }
    this.#told.set(task, { sender, at, keptUntil: at + waitMs + KEPT_MS });
    return waitMs;
  }

  /** @returns whether it was told to come by now: then its place is taken. */
  take(sender: object, task: string, now: number): boolean {
    const told = this.#of(sender, task);
    if (told === null || told.at > now + EARLY_MS) return false;
    this.#forget(task, told);
    return true;
  }

  /** It was let in before its time. */
  release(sender: object, task: string): void {
    const told = this.#of(sender, task);
    if (told !== null) this.#forget(task, told);
  }

  /** A part of them at a time. */
  forgetLate(now: number): void {
    for (let left = Math.min(SWEPT_AT_ONCE, this.#told.size); left > 0; left--) {
      const { done, value } = this.#sweep.next();
      if (done === true) this.#sweep = this.#told.entries();
      else if (now > value[1].keptUntil) this.#forget(value[0], value[1]);
    }
  }

  #of(sender: object, task: string): Told | null {
    const told = this.#told.get(task);
    return told?.sender === sender ? told : null;
  }

  #forget(task: string, { sender }: Told): void {
    this.#told.delete(task);
    const ledger = this.#ledgers.get(sender)!;
    if (--ledger.count === 0) this.#ledgers.delete(sender);
  }
}
