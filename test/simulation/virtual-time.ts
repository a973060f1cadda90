/**
 * Time that passes only when the simulation says so. Everything that waits in this process, our own code too, waits here: timers,
 * immediates, clocks and chance of the language are replaced while a history runs, so that the same seed gives the same history.
 *
 * What happens belongs to an actor: the process that set the timer, or for which a message is. A dead actor's timers never ring; those
 * of one that stands still (a stop signal, a long collection of garbage, a frozen machine) ring when it goes on.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { createChance } from "../task/chance.ts";

/** Where all histories begin, epoch milliseconds. */
export const BEGIN = 1_800_000_000_000;

export class Actor {
  readonly name: string;
  isDead = false;
  /** It does nothing before this instant of virtual time. */
  standsUntil = 0;
  /** Its clock is wrong by so much, milliseconds; the clock that only measures is not. */
  skewMs = 0;

  constructor(name: string) {
    this.name = name;
  }
}

class Timer {
  readonly work: () => void;
  readonly everyMs: number | null;
  isOver = false;
  constructor(work: () => void, everyMs: number | null) {
    this.work = work;
    this.everyMs = everyMs;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  hasRef(): boolean {
    return true;
  }
  [Symbol.dispose](): void {
    this.isOver = true;
  }
}

type Event = {
  readonly at: number;
  readonly order: number;
  readonly actor: Actor | null;
  readonly work: () => void;
};

const REAL = {
  setTimeout,
  clearTimeout,
  setInterval,
  clearInterval,
  setImmediate,
  clearImmediate,
  now: Date.now,
  measure: performance.now.bind(performance),
  random: Math.random,
  randomUUID: crypto.randomUUID,
};

const AT_ONCE = 100;

/** One for all histories: each more would be carried, and copied, by all that runs after it. */
const actors = new AsyncLocalStorage<Actor | null>();

export class VirtualTime {
  readonly chance: () => number;
  readonly #events: Event[] = [];
  #now = 0;
  #order = 0;
  #spent = 0;

  readonly #tell: (text: string) => void;

  /** @param tell what is worth telling, with its moment. */
  constructor(seed: number, tell: (text: string) => void) {
    this.chance = createChance(seed);
    this.#tell = tell;
  }

  tell(text: string): void {
    this.#tell(`${this.#now.toFixed(1).padStart(9)} ms  ${text}`);
  }

  /** Milliseconds since the history began. */
  get now(): number {
    return this.#now;
  }

  /** How many events there were. */
  get spent(): number {
    return this.#spent;
  }

  get actor(): Actor | null {
    return actors.getStore() ?? null;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.chance();
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.chance() * from.length)]!;
  }

  /** @param actor who does it; null: somebody who never fails. */
  after(ms: number, actor: Actor | null, work: () => void): void {
    this.#push({ at: this.#now + Math.max(0, ms), order: this.#order++, actor, work });
  }

  as<T>(actor: Actor | null, work: () => T): T {
    return actors.run(actor, work);
  }

  /** Goes on until the end, or until it is so. @returns whether it was. */
  run(untilMs: number, isSo: () => boolean = () => false): Promise<boolean> {
    return new Promise((resolve, reject) => {
      inTurns(() => {
        try {
          if (isSo()) resolve(true);
          else if (this.#step(untilMs)) return true;
          else resolve(isSo());
        } catch (error) {
          reject(error);
        }
        return false;
      });
    });
  }

  /** @returns whether there may be more until then. */
  #step(untilMs: number): boolean {
    const next = this.#events[0];
    if (next === undefined || next.at > untilMs) {
      this.#now = Math.max(this.#now, untilMs);
      return false;
    }
    this.#pop();
    this.#now = Math.max(this.#now, next.at);
    const { actor } = next;
    if (actor?.isDead) return true;
    if (actor !== null && actor.standsUntil > this.#now) {
      this.#push({ ...next, at: actor.standsUntil });
      return true;
    }
    this.#spent++;
    actors.run(actor, next.work);
    return true;
  }

  /** From now on all that waits, waits here. Undone by {@link restore}. */
  install(): void {
    const begin = (work: () => void, ms: number | undefined, everyMs: number | null): Timer => {
      const timer = new Timer(work, everyMs);
      const { actor } = this;
      const ring = (): void => {
        if (timer.isOver) return;
        if (everyMs === null) timer.isOver = true;
        work();
        if (everyMs !== null) this.after(Math.max(1, everyMs), actor, ring);
      };
      this.after(ms ?? 0, actor, ring);
      return timer;
    };
    type Work = (...given: unknown[]) => void;
    const end = (timer: unknown): void => {
      if (timer instanceof Timer) timer.isOver = true;
    };
    const timers = {
      setTimeout: (work: Work, ms?: number, ...given: unknown[]) =>
        begin(() => work(...given), Math.max(1, ms ?? 1), null),
      setInterval: (work: Work, ms: number, ...given: unknown[]) => begin(() => work(...given), ms, ms),
      setImmediate: (work: Work, ...given: unknown[]) => begin(() => work(...given), 0, null),
      clearTimeout: end,
      clearInterval: end,
      clearImmediate: end,
    };
    Object.assign(globalThis, timers);
    Date.now = () => Math.floor(BEGIN + this.#now + (this.actor?.skewMs ?? 0));
    performance.now = () => this.#now;
    Math.random = this.chance;
    const hex = (digits: number): string =>
      Array.from({ length: digits }, () => Math.floor(this.chance() * 16).toString(16)).join("");
    crypto.randomUUID = () => `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`;
    syncBuiltinESMExports();
  }

  restore(): void {
    const { now, measure, random, randomUUID, ...timers } = REAL;
    Object.assign(globalThis, timers);
    Date.now = now;
    performance.now = measure;
    Math.random = random;
    crypto.randomUUID = randomUUID;
    syncBuiltinESMExports();
  }

  // A binary heap, the soonest first; of the same instant who came first.
  #push(event: Event): void {
    const heap = this.#events;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (isBefore(heap[above]!, event)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#events;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = at * 2 + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++;
      if (isBefore(last, heap[below]!)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/**
 * Before each turn all that was promised and can be kept is: Node sees to that between two immediates.
 * Many are asked for at once, since between two rounds of them Node asks the system for news, which costs more than a turn.
 * @param turn says whether there is another.
 */
function inTurns(turn: () => boolean): void {
  let isOver = false;
  const once = (): void => {
    isOver ||= !turn();
  };
  const last = (): void => {
    once();
    if (!isOver) inTurns(turn);
  };
  for (let n = 1; n < AT_ONCE; n++) REAL.setImmediate(once);
  REAL.setImmediate(last);
}
