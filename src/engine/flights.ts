/**
 * Tasks that somebody here waits for, and rides: tasks that nobody was promised yet and that may have no row.
 * Waiters are a list per task, so that one who asks again is answered too.
 */
import { TaskMap } from "../task/task-map.ts";
import { isSameRequest, type TaskSpec } from "../task/task.ts";
import { conflictAnswer } from "./conflict-answer.ts";
import type { Answer, Waiter } from "./engine.ts";

export class Flight {
  #spec: TaskSpec | null;
  /** By the clock of {@link Flights}, which only measures: another may be put back by an hour. */
  readonly bornAt: number;
  hasRow: boolean;
  /** It was sent before it had a row. */
  isRide = false;
  isOver = false;
  // The first waiter lies in the object itself: nearly always it is the only one.
  #waiter: Waiter | null = null;
  #token: unknown = undefined;
  #more: { waiter: Waiter; token: unknown }[] | null = null;

  constructor(spec: TaskSpec | null, bornAt: number, hasRow: boolean) {
    this.#spec = spec;
    this.bornAt = bornAt;
    this.hasRow = hasRow;
  }

  /** Null when only the id is known, or when it is over. */
  get spec(): TaskSpec | null {
    return this.#spec;
  }

  adopt(spec: TaskSpec): void {
    this.#spec = spec;
  }

  add(waiter: Waiter, token: unknown, gone: WeakSet<Waiter>): void {
    if (this.#waiter === null) {
      this.#waiter = waiter;
      this.#token = token;
      return;
    }
    const more = (this.#more ??= []);
    more.push({ waiter, token });
    // Many may come and go before a task of next week ends: at each doubling, those who left are dropped.
    if (more.length >= 16 && (more.length & (more.length - 1)) === 0) {
      this.#more = more.filter((one) => !gone.has(one.waiter));
    }
  }

  answer(answer: Answer, gone: WeakSet<Waiter>): void {
    this.isOver = true;
    if (this.#waiter && !gone.has(this.#waiter)) this.#waiter.answer(this.#token, answer);
    if (this.#more)
      for (const { waiter, token } of this.#more) if (!gone.has(waiter)) waiter.answer(token, answer);
    this.#waiter = null;
    this.#more = null;
    // Whoever still holds the flight, to look at it later, does not hold all that the task was.
    this.#spec = null;
  }
}

export class Flights {
  readonly #byTask = new TaskMap<Flight>();
  /** Rides without a row, oldest first; those over meanwhile are dropped on the way. */
  #unwritten: Flight[] = [];
  #head = 0;
  #onNext: (() => void) | null = null;
  readonly #gone = new WeakSet<Waiter>();
  readonly #measure: () => number;

  /** @param measure milliseconds since whenever; never runs backwards. */
  constructor(measure: () => number) {
    this.#measure = measure;
  }

  ageMs(flight: Flight): number {
    return this.#measure() - flight.bornAt;
  }

  add(flight: Flight, waiter: Waiter, token: unknown): void {
    flight.add(waiter, token, this.#gone);
  }

  /** Answers nothing more to it. */
  leave(waiter: Waiter): void {
    this.#gone.add(waiter);
  }

  get size(): number {
    return this.#byTask.size;
  }

  get(task: string): Flight | undefined {
    return this.#byTask.get(task);
  }

  /** A task whose row comes with its end, or when it takes long. */
  ride(spec: TaskSpec): Flight {
    const flight = new Flight(spec, this.#measure(), true);
    this.#byTask.set(spec.id, flight);
    this.unwritten(flight);
    return flight;
  }

  /** It was waited for by its id alone; now it is here, and has no row. */
  adopt(flight: Flight, spec: TaskSpec): void {
    flight.adopt(spec);
    this.unwritten(flight);
  }

  /** It has no row, or none yet. */
  unwritten(flight: Flight): void {
    flight.hasRow = false;
    flight.isRide = true;
    this.#unwritten.push(flight);
    const told = this.#onNext;
    if (told === null) return;
    this.#onNext = null;
    told();
  }

  /** Told once, of the next ride without a row. */
  onNextUnwritten(listener: () => void): void {
    this.#onNext = listener;
  }

  /** Some may be over that {@link takeUnwritten} has not come to. */
  get isAnyUnwritten(): boolean {
    return this.#head < this.#unwritten.length;
  }

  /** A task with a row, waited for. `spec` is null when only its id is known. */
  join(task: string, spec: TaskSpec | null): Flight {
    let flight = this.#byTask.get(task);
    if (flight === undefined) this.#byTask.set(task, (flight = new Flight(spec, this.#measure(), true)));
    return flight;
  }

  /** Answers all who wait, once. `of` is the task that ended: who waits for another request under its id has a conflict. */
  end(task: string, answer: Answer, of: TaskSpec | null = null): void {
    const flight = this.#byTask.delete(task);
    if (flight === undefined) return;
    const { spec } = flight;
    const isSame = of === null || spec === null || spec === of || isSameRequest(spec, of);
    flight.answer(isSame ? answer : conflictAnswer(task, "id"), this.#gone);
  }

  /** Rides of this age that still have no row. Each is told once. */
  takeUnwritten(ageMs: number): Flight[] {
    const bornBefore = this.#measure() - ageMs;
    const found: Flight[] = [];
    for (; this.#head < this.#unwritten.length; this.#head++) {
      const flight = this.#unwritten[this.#head]!;
      if (flight.isOver || flight.hasRow) continue;
      if (flight.bornAt > bornBefore) break;
      found.push(flight);
    }
    if (this.#head > 1024 && this.#head * 2 > this.#unwritten.length) {
      this.#unwritten = this.#unwritten.slice(this.#head);
      this.#head = 0;
    }
    return found;
  }

  tasks(): string[] {
    return this.#byTask.keys();
  }

  /** Those somebody has waited for so long. */
  waitedFor(ageMs: number): string[] {
    const before = this.#measure() - ageMs;
    return this.#byTask.keys().filter((task) => this.#byTask.get(task)!.bornAt <= before);
  }

  /** How many have no row. */
  get unwrittenCount(): number {
    let count = 0;
    for (const { hasRow, isRide } of this.#byTask.values()) if (isRide && !hasRow) count++;
    return count;
  }

  /** Somebody waits for a task that has no row. */
  get hasUnwritten(): boolean {
    for (const flight of this.#byTask.values()) if (!flight.hasRow) return true;
    return false;
  }

  [Symbol.iterator](): IterableIterator<Flight> {
    return this.#byTask.values().values();
  }
}
