/**
 * Who is told `busy` again and again is not read for a while: each refusal costs the node some microseconds, and who asks again at once
 * would take all of them from those who do as they are told. All connections together may be refused so often; who is refused more
 * than a few times waits until it is his turn for more.
 */

import type { Answer } from "../engine/engine.ts";

/** Each connection may be refused so often before it counts, so that who asks for little never rests. */
const FREE = 50;
/** For each task that is answered, so many more: of a node that does much, what is refused is a part. */
const PER_ANSWER = 0.25;
/** What is saved while fewer are refused. */
const SAVED_MS = 200;
const LOOK_MS = 20;
/** However many rest, nobody does for longer. */
const LONGEST_MS = 5000;

/** Of all connections of a gateway. */
export class Refusals {
  readonly #perSecond: number;
  readonly #now: () => number;
  /** How many may be refused now; below zero while too many were. */
  #left = 0;
  #countedAt = -SAVED_MS;
  readonly #resting = new Set<RefusalsOfOne>();
  #timer: NodeJS.Timeout | null = null;

  /** @param perSecond of all together. @param now milliseconds that never run backwards. */
  constructor(perSecond: number, now: () => number) {
    this.#perSecond = perSecond;
    this.#now = now;
  }

  /** @param onRested called when it has rested. */
  of(onRested: () => void): RefusalsOfOne {
    return new RefusalsOfOne(this, onRested);
  }

  /** A task was answered, whatever came of it. */
  answered(): void {
    this.#left += PER_ANSWER;
  }

  /** @returns whether it may go on at once. */
  pay(one: RefusalsOfOne, owed: number): boolean {
    this.#count();
    if (this.#resting.size === 0 && this.#left >= owed) {
      this.#left -= owed;
      return true;
    }
    one.restsSince = this.#countedAt;
    this.#resting.add(one);
    this.#lookSoon();
    return false;
  }

  forget(one: RefusalsOfOne): void {
    this.#resting.delete(one);
  }

  #count(): void {
    const now = this.#now();
    const perMs = this.#perSecond / 1000;
    this.#left = Math.min(SAVED_MS * perMs, this.#left + (now - this.#countedAt) * perMs);
    this.#countedAt = now;
  }

  #lookSoon(): void {
    if (this.#timer === null) this.#timer = setTimeout(() => this.#look(), LOOK_MS).unref();
  }

  #look(): void {
    this.#timer = null;
    this.#count();
    for (const one of this.#resting) {
      if (this.#left <= 0 && this.#countedAt - one.restsSince < LONGEST_MS) break;
      this.#resting.delete(one);
      this.#left -= one.rested();
    }
    if (this.#resting.size > 0) this.#lookSoon();
  }
}

/** One connection's. */
export class RefusalsOfOne {
  readonly #all: Refusals;
  readonly #onRested: () => void;
  #owed = 0;
  #isResting = false;
  restsSince = 0;

  constructor(all: Refusals, onRested: () => void) {
    this.#all = all;
    this.#onRested = onRested;
  }

  get isResting(): boolean {
    return this.#isResting;
  }

  note(answer: Answer): void {
    if (answer.status === "failed" && answer.error.code === "busy") this.#refused();
    else this.#all.answered();
  }

  #refused(): void {
    if (++this.#owed < FREE || this.#isResting) return;
    if (this.#all.pay(this, this.#owed)) this.#owed = 0;
    else this.#isResting = true;
  }

  /** @returns what it owed. */
  rested(): number {
    const owed = this.#owed;
    this.#owed = 0;
    this.#isResting = false;
    this.#onRested();
    return owed;
  }

  /** The connection is gone. */
  close(): void {
    this.#all.forget(this);
  }
}
