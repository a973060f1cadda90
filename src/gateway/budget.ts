import { TandaError } from "../task/errors.ts";

/**
 * Bytes of requests of all connections of a node. In flight: of those that are not answered; who finds no room is told when
 * there is some. Held: of those that are not complete, or wait on a stalled connection; as much again, and a long one that
 * finds no room is refused, since waiting for each other none of them would ever end.
 */
export class Budget {
  readonly #maxBytes: number;
  #bytes = 0;
  #heldBytes = 0;
  readonly #waiting = new Set<() => void>();
  readonly #freed = new Freed();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  get mayHold(): boolean {
    return this.#heldBytes < this.#maxBytes;
  }

  /** So many more, or less. */
  hold(bytes: number): void {
    this.#heldBytes += bytes;
  }

  get hasRoom(): boolean {
    return this.#bytes < this.#maxBytes;
  }

  take(bytes: number): void {
    this.#bytes += bytes;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
    this.#freed.add(bytes);
    if (this.#waiting.size === 0 || !this.hasRoom) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  /** @returns in how many milliseconds there will be room for a request, as far as it goes on like this. */
  roomInMs(now: number, chance: number): number {
    const over = Math.max(0, this.#bytes - this.#maxBytes) + 1;
    return Math.ceil(this.#freed.msFor(over, now) * (1 + chance));
  }

  /** Calls once; asking again before that changes nothing. */
  whenRoom(wake: () => void): void {
    this.#waiting.add(wake);
  }

  forget(wake: () => void): void {
    this.#waiting.delete(wake);
  }
}

const LEAST_ROOM_MS = 10;
const UNKNOWN_ROOM_MS = 1000;
const LONGEST_ROOM_MS = 5000;

/** How many bytes go a millisecond: between two questions that are far enough apart. */
class Freed {
  #bytes = 0;
  #since = 0;
  #perMs = 0;

  add(bytes: number): void {
    this.#bytes += bytes;
  }

  msFor(bytes: number, now: number): number {
    const passedMs = now - this.#since;
    if (passedMs >= UNKNOWN_ROOM_MS) {
      // After a longer silence it says nothing of now.
      this.#perMs = passedMs < 2 * UNKNOWN_ROOM_MS ? this.#bytes / passedMs : 0;
      this.#bytes = 0;
      this.#since = now;
    }
    if (this.#perMs === 0) return UNKNOWN_ROOM_MS;
    return Math.min(LONGEST_ROOM_MS, Math.max(LEAST_ROOM_MS, bytes / this.#perMs));
  }
}

/** So much of a request is always taken, or nobody could say anything to a node that holds much. */
export const SHORT_BYTES = 16_384;

/** What has come of one request that is not complete. */
export class Arriving {
  readonly #budget: Budget;
  #bytes = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** @returns false when it is long and there is no room: it is to be refused. */
  has(bytes: number): boolean {
    this.#budget.hold(bytes - this.#bytes);
    this.#bytes = bytes;
    return bytes <= SHORT_BYTES || this.#budget.mayHold;
  }

  hasMore(bytes: number): boolean {
    return this.has(this.#bytes + bytes);
  }

  end(): void {
    this.has(0);
  }
}

export function noRoom(): TandaError {
  return new TandaError("busy", "too much is coming in on this node", { retryAfterMs: 1000 });
}
