/**
 * What is large waits until the event loop has rested, while there are others who ask for little: pieces of long lines, long messages
 * and bodies, pages of lists. So who asks for little finds the loop at rest a quarter of the time, however many ask for however
 * much. Where nobody does, what is large goes on at once.
 */

/** Who has asked for little is there for so long. */
const LITTLE_MS = 100;
/** Of the time since the last that was large began. */
const BUSY_SHARE = 0.75;
/** Who keeps the loop busy with little does not hold up what is large for ever. */
const LONGEST_REST_MS = 20;
const LOOK_MS = 1;

export class Pace {
  readonly #now: () => number;
  readonly #busyMs: () => number;
  readonly #waiting: (() => void)[] = [];
  #littleAt = -Infinity;
  #wentAt = -Infinity;
  #busyThen = 0;

  /** @param now milliseconds that never run backwards. @param busyMs for how long of them the event loop was busy so far. */
  constructor(now: () => number, busyMs: () => number) {
    this.#now = now;
    this.#busyMs = busyMs;
  }

  /** Somebody has asked for little. */
  little(): void {
    this.#littleAt = this.#now();
  }

  /** There is somebody to be considerate of. */
  get isAskedForLittle(): boolean {
    return this.#now() - this.#littleAt <= LITTLE_MS;
  }

  /** Calls in a later turn of the event loop, when all that waited before has gone. */
  next(go: () => void): void {
    if (this.#waiting.push(go) === 1) setImmediate(() => this.#look());
  }

  /** There is, and the loop has not rested yet. */
  get isOn(): boolean {
    const sinceMs = this.#now() - this.#wentAt;
    if (!this.isAskedForLittle || sinceMs > LONGEST_REST_MS) return false;
    return this.#busyMs() - this.#busyThen > sinceMs * BUSY_SHARE;
  }

  #look(): void {
    if (this.isOn) return void setTimeout(() => this.#look(), LOOK_MS);
    this.#wentAt = this.#now();
    this.#busyThen = this.#busyMs();
    const go = this.#waiting.shift()!;
    if (this.#waiting.length > 0) setImmediate(() => this.#look());
    go();
  }
}
