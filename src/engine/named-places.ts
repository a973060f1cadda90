/**
 * Of tasks that their senders named: each finds the place again that it was told, whatever else its sender asks for meanwhile, and over
 * whichever connection it comes then.
 */

/** A clock's and a network's unpunctuality. */
export const EARLY_MS = 2;
/** A place is kept so long for who does not come, and by as much again as its wait was. */
export const KEPT_MS = 1000;
/** More are not remembered; so many take about 50 MB. */
const MOST = 300_000;
/** Looked at in one call, so that no call takes long. */
const SWEPT_AT_ONCE = 20_000;

/** Of one sender: how many were told, when the last of them comes, and the last of those that came and found no room. */
type Ledger = { readonly sender: object; count: number; lastAt: number; lastAgainAt: number };
type Told = { readonly ledger: Ledger; readonly at: number; readonly keptUntil: number };

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
  waits(task: string, now: number): number | null {
    const told = this.#told.get(task);
    return told === undefined || told.at <= now + EARLY_MS ? null : Math.ceil(told.at - now);
  }

  /**
   * It was told nothing yet, or came at its time and found no room.
   * @param stepMs between two of a sender. @param longestMs beyond it no place is kept. @param chance from 0 to 1.
   * @returns in how many milliseconds it is to come.
   */
  give(sender: object, task: string, now: number, stepMs: number, longestMs: number, chance: number): number {
    const before = this.#told.get(task);
    const ledger = before?.ledger ?? this.#ledgers.get(sender) ?? newLedger(sender, now);
    const after = Math.max(now, before === undefined ? ledger.lastAt : ledger.lastAgainAt);
    // Many who come for the first time are not to come all at once.
    const at = after + stepMs * (after === now ? 0.5 + chance : 1);
    const waitMs = Math.max(1, Math.ceil(at - now));
    if (waitMs > longestMs) return longestMs;
    if (before !== undefined) ledger.lastAgainAt = at;
    else {
      ledger.lastAt = at;
      ledger.count++;
      this.#ledgers.set(sender, ledger);
    }
    this.#told.set(task, { ledger, at, keptUntil: at + waitMs + KEPT_MS });
    return waitMs;
  }

  /** @returns whether it was told to come by now: then its place is taken. */
  take(task: string, now: number): boolean {
    const told = this.#told.get(task);
    if (told === undefined || told.at > now + EARLY_MS) return false;
    this.#forget(task, told);
    return true;
  }

  /** It was let in before its time. */
  release(task: string): void {
    const told = this.#told.get(task);
    if (told !== undefined) this.#forget(task, told);
  }

  /** A part of them at a time. */
  forgetLate(now: number): void {
    for (let left = Math.min(SWEPT_AT_ONCE, this.#told.size); left > 0; left--) {
      const { done, value } = this.#sweep.next();
      if (done === true) this.#sweep = this.#told.entries();
      else if (now > value[1].keptUntil) this.#forget(value[0], value[1]);
    }
  }

  #forget(task: string, { ledger }: Told): void {
    this.#told.delete(task);
    if (--ledger.count === 0) this.#ledgers.delete(ledger.sender);
  }
}

function newLedger(sender: object, now: number): Ledger {
  return { sender, count: 0, lastAt: now, lastAgainAt: now };
}
