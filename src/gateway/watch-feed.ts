import type { WatchEvent } from "../protocol/messages.ts";

/**
 * Passes events on to one watcher. When it reads too slowly events are left out and counted, so that what waits for it
 * stays bounded; the last events of a watched task are never left out.
 */
export class WatchFeed {
  readonly #write: (event: WatchEvent) => void;
  readonly #isFull: () => boolean;
  readonly #now: () => number;
  #missed = 0;

  constructor(write: (event: WatchEvent) => void, isFull: () => boolean, now: () => number) {
    this.#write = write;
    this.#isFull = isFull;
    this.#now = now;
  }

  push(events: readonly WatchEvent[], isLast: boolean): void {
    const kept = isLast ? events.slice(-1) : [];
    const others = isLast ? events.slice(0, -1) : events;
    for (const event of others) {
      if (this.#isFull()) this.#missed++;
      else {
        this.relieved();
        this.#write(event);
      }
    }
    if (isLast) this.relieved(true);
    for (const event of kept) this.#write(event);
  }

  /** There may be room again: tells what was left out. */
  relieved(isForced = false): void {
    if (this.#missed === 0 || (!isForced && this.#isFull())) return;
    const count = this.#missed;
    this.#missed = 0;
    this.#write({ type: "missed", at: this.#now(), count });
  }
}
