/**
 * Memory one thread shares with its supervisor, so that it can be seen and stopped while it spins.
 *
 * A thread has two lanes: in lane 0 one run at a time, in the order given; in lane 1 every run begins as soon as it is
 * read. A run's wire id is `ordinal * 2 + lane`; ordinals of a lane count from 1 and are never used again.
 *
 * Recall. To take back what a stuck thread has not begun, nobody may have to ask it: the thread stores `begun`, then
 * loads `recalled`; the supervisor stores `recalled`, then loads `begun`. Whatever the interleaving, no ordinal is taken by both,
 * and one taken by neither is dropped by the thread, which says so on its pipe.
 */
export const EXCLUSIVE = 0;
export const SHARED = 1;
export type Lane = typeof EXCLUSIVE | typeof SHARED;

/** Before ordinals leave the range of Int32 (with the lane's bit) the thread is replaced. */
export const MAX_ORDINAL = 2 ** 29;
export const MAX_ACTIVE = 2048;

const BEGUN = 0;
const RECALLED = 2;
const BLAMED = 4;
const HIGHEST = 5;
const HEAD_INTS = 8;
const FIELDS = 4;

export type ActiveRun = {
  slot: number;
  id: number;
  deadline: number;
  startedAt: number;
  timeoutMs: number;
};

export class Slots {
  readonly buffer: SharedArrayBuffer;
  readonly #ints: Int32Array;
  /** Per slot: id (0 = free), deadline, begin, timeout; instants on the shared monotonic clock. */
  readonly #runs: Float64Array;

  constructor(
    buffer = new SharedArrayBuffer(HEAD_INTS * 4 + MAX_ACTIVE * FIELDS * Float64Array.BYTES_PER_ELEMENT),
  ) {
    this.buffer = buffer;
    this.#ints = new Int32Array(buffer, 0, HEAD_INTS);
    this.#runs = new Float64Array(buffer, HEAD_INTS * 4);
  }

  /** The thread's side. @returns false when the run was taken back: it must not begin. */
  begin(slot: number, id: number, startedAt: number, timeoutMs: number): boolean {
    const at = slot * FIELDS;
    this.#runs[at + 1] = startedAt + timeoutMs;
    this.#runs[at + 2] = startedAt;
    this.#runs[at + 3] = timeoutMs;
    this.#runs[at] = id;
    if (slot > this.#ints[HIGHEST]!) this.#ints[HIGHEST] = slot;
    const lane = id & 1;
    Atomics.store(this.#ints, BEGUN + lane, id >> 1);
    if (Atomics.load(this.#ints, RECALLED + lane) < id >> 1) return true;
    this.#runs[at] = 0;
    return false;
  }

  end(slot: number): void {
    this.#runs[slot * FIELDS] = 0;
  }

  /** The thread has seen to the deadline itself and asks for more time. */
  postpone(slot: number, deadline: number): void {
    this.#runs[slot * FIELDS + 1] = deadline;
  }

  /** Said just before the thread ends because of this run. */
  blame(id: number): void {
    Atomics.store(this.#ints, BLAMED, id);
  }

  /** The supervisor's side. @returns the last ordinal that stays with the thread. */
  recall(lane: Lane, upTo: number): number {
    Atomics.store(this.#ints, RECALLED + lane, upTo);
    return Atomics.load(this.#ints, BEGUN + lane);
  }

  get blamed(): number {
    return Atomics.load(this.#ints, BLAMED);
  }

  begun(lane: Lane): number {
    return Atomics.load(this.#ints, BEGUN + lane);
  }

  active(): ActiveRun[] {
    const found: ActiveRun[] = [];
    const highest = Atomics.load(this.#ints, HIGHEST);
    for (let slot = 0; slot <= highest; slot++) {
      const at = slot * FIELDS;
      const id = this.#runs[at]!;
      if (id === 0) continue;
      const [deadline, startedAt, timeoutMs] = this.#runs.subarray(at + 1, at + FIELDS);
      found.push({ slot, id, deadline: deadline!, startedAt: startedAt!, timeoutMs: timeoutMs! });
    }
    return found;
  }
}

/** The supervisor sleeps while nothing runs; the first run that begins wakes it. One word for all threads of a process. */
export class Doorbell {
  readonly buffer: SharedArrayBuffer;
  readonly #word: Int32Array;

  constructor(buffer = new SharedArrayBuffer(4)) {
    this.buffer = buffer;
    this.#word = new Int32Array(buffer);
  }

  ring(): void {
    if (Atomics.load(this.#word, 0) === 0) return;
    Atomics.store(this.#word, 0, 0);
    Atomics.notify(this.#word, 0);
  }

  /** Set it before the last look at the slots, then wait: a run that begins in between has rung. */
  arm(): void {
    Atomics.store(this.#word, 0, 1);
  }

  disarm(): void {
    Atomics.store(this.#word, 0, 0);
  }

  async rung(): Promise<void> {
    const waited = Atomics.waitAsync(this.#word, 0, 1);
    if (waited.async) await waited.value;
  }
}
