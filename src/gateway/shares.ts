/**
 * How many tasks of a connection may be in flight while those of all are more than keep the node's workers busy: an equal share.
 * Over it they wait where they are cheapest, unread; so a flood does not make the batches of a node long, and who has little in
 * flight does not notice it. Only what came in the last second counts: what takes longer waits for something else than its
 * turn, and holding back more of it would help nobody.
 */

const EPOCH_MS = 500;
/** Each may have so many in flight, however many others there are. */
const LEAST = 8;
/** A request counts once more for each of these: what is large fills the memory before it keeps anybody busy. */
const PORTION_BYTES = 32_768;

function portionsOf(bytes: number): number {
  return 1 + Math.floor(bytes / PORTION_BYTES);
}

/** Portions of tasks that began in this epoch or in the last. */
export class Fresh {
  #epoch = 0;
  #current = 0;
  #last = 0;

  count(epoch: number): number {
    if (epoch !== this.#epoch) {
      this.#last = epoch === this.#epoch + 1 ? this.#current : 0;
      this.#current = 0;
      this.#epoch = epoch;
    }
    return this.#current + this.#last;
  }

  begin(epoch: number, portions: number): void {
    this.count(epoch);
    this.#current += portions;
  }

  end(epoch: number, bornIn: number, portions: number): void {
    if (this.count(epoch) === 0) return;
    if (bornIn === epoch) this.#current -= portions;
    else if (bornIn === epoch - 1) this.#last -= portions;
  }
}

export class Shares {
  readonly #appetite: () => number;
  readonly #now: () => number;
  readonly #all = new Fresh();
  /** Connections that have something fresh in flight. */
  #sharers = 0;
  readonly #waiting = new Set<() => void>();
  #timer: NodeJS.Timeout | null = null;
  #epoch = 1;
  #epochEndsAt = 0;

  /** @param appetite how many in flight keep all workers busy. @param now milliseconds that never run backwards. */
  constructor(appetite: () => number, now: () => number) {
    this.#appetite = appetite;
    this.#now = now;
  }

  open(): Share {
    return new Share(this);
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** To be called now and then, a turn of the event loop at most. */
  turn(): void {
    const now = this.#now();
    if (now < this.#epochEndsAt) return;
    // After a longer silence both epochs are over.
    this.#epoch += now < this.#epochEndsAt + EPOCH_MS ? 1 : 2;
    this.#epochEndsAt = now + EPOCH_MS;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  begin(isFirst: boolean, portions: number): void {
    if (isFirst) this.#sharers++;
    this.#all.begin(this.#epoch, portions);
  }

  end(bornIn: number, portions: number): void {
    this.#all.end(this.#epoch, bornIn, portions);
  }

  leave(): void {
    this.#sharers--;
  }

  get each(): number {
    const appetite = this.#appetite();
    if (this.#all.count(this.#epoch) < appetite) return Infinity;
    return Math.max(LEAST, Math.floor(appetite / Math.max(1, this.#sharers)));
  }

  /** Calls once, when what is in flight may count no more. Asking again before that changes nothing. */
  whenOlder(wake: () => void): void {
    this.#waiting.add(wake);
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.turn();
    }, EPOCH_MS + 1);
    this.#timer.unref();
  }

  forget(wake: () => void): void {
    this.#waiting.delete(wake);
  }
}

/** One connection's. */
export class Share {
  readonly #shares: Shares;
  readonly #fresh = new Fresh();
  #inFlight = 0;

  constructor(shares: Shares) {
    this.#shares = shares;
  }

  get hasRoom(): boolean {
    return this.#fresh.count(this.#shares.epoch) < this.#shares.each;
  }

  /** @returns what {@link end} is to be told. */
  begin(bytes: number): number {
    const { epoch } = this.#shares;
    const portions = portionsOf(bytes);
    this.#shares.begin(this.#inFlight++ === 0, portions);
    this.#fresh.begin(epoch, portions);
    return epoch;
  }

  end(bornIn: number, bytes: number): void {
    const portions = portionsOf(bytes);
    this.#shares.end(bornIn, portions);
    this.#fresh.end(this.#shares.epoch, bornIn, portions);
    if (--this.#inFlight === 0) this.#shares.leave();
  }

  /** The connection is gone; nobody tells the ends of what it has in flight. They grow old by themselves. */
  drop(): void {
    if (this.#inFlight > 0) this.#shares.leave();
    this.#inFlight = 0;
  }
}
