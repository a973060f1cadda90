/**
 * Writes what became of runs, and goes on trying: an outcome that is known must not be lost because a disk is full.
 * All that ends in one turn of the event loop is one call of the store, but for what is large: that is another.
 */
import type { Applied, Store } from "../store/store.ts";
import type { TaskEvent } from "../task/decide.ts";
import { toTandaError } from "../task/errors.ts";
import { finishSize, isLargeFinish } from "../task/finish-size.ts";

const RETRY_MS = 250;
/** What the store will not take may be taken by the next version of it; meanwhile it is not asked often. */
const REFUSED_RETRY_MS = 10_000;

/** So much may wait to be written. Where the store is slower than the threads, more would be a backlog that no window bounds. */
const MOST_OPEN = 4000;
/**
 * Or so much, in characters: enough for the store to be busy with. More would be moved about in memory for as long as it waits, which
 * holds up everything else of the node; beside others, who end small, a tenth of the speed is given for half of their waiting.
 */
const MOST_OPEN_CHARS = { alone: 1_048_576, beside: 262_144 };
/** Others are there for so many large ends after a small one: about half a second. */
const BESIDE_ENDS = 500;
/** Actions that end so small are not held back by what is large and waits: theirs are written beside it. */
const SMALL_CHARS = 1024;
/** What one end says about the size of the next. */
const WEIGHT = 0.1;

export type Recorded = (applied: Applied) => void;

export class Recorder {
  readonly #store: Pick<Store, "apply">;
  readonly #onTrouble: (error: unknown) => void;
  readonly #onRoom: () => void;
  #events: TaskEvent[] = [];
  #listeners: Recorded[] = [];
  #isScheduled = false;
  #open = 0;
  #openChars = 0;
  #besideFor = 0;
  /** Of the ends of each action. */
  readonly #meanChars = new Map<string, number>();
  #idle: (() => void)[] = [];
  #isClosed = false;
  /** Calls that are tried again soon. */
  #failing = 0;
  /** Events that wait for a better store. They hold up nobody. */
  #refused = 0;
  #refusedChars = 0;

  /** @param onRoom called when there is {@link room} again. */
  constructor(
    store: Pick<Store, "apply">,
    onTrouble: (error: unknown) => void,
    onRoom: () => void = () => {},
  ) {
    this.#store = store;
    this.#onTrouble = onTrouble;
    this.#onRoom = onRoom;
  }

  /** Calls `listener` after the event is durable; of small ones in the order of recording within one turn. */
  record(event: TaskEvent, listener: Recorded, action?: string): void {
    this.#events.push(event);
    this.#listeners.push(listener);
    this.#open++;
    const chars = finishSize(event);
    this.#openChars += chars;
    if (action !== undefined && event.type === "finish") this.#learn(action, chars);
    this.#besideFor = isLargeFinish(event) ? Math.max(0, this.#besideFor - 1) : BESIDE_ENDS;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#flush());
  }

  #learn(action: string, chars: number): void {
    const mean = this.#meanChars.get(action) ?? chars;
    this.#meanChars.set(action, mean + (chars - mean) * WEIGHT);
  }

  /** How many more should be begun. 0: the store is behind, or takes nothing; `onRoom` tells when there is some. */
  get room(): number {
    if (this.#failing > 0) return 0;
    return Math.max(0, MOST_OPEN - (this.#open - this.#refused));
  }

  /** Of one action: 0 also while much of what is large waits, unless its own ends are small. `onRoom` tells when there is some. */
  roomFor(action: string): number {
    const mean = this.#meanChars.get(action) ?? 0;
    if (mean <= SMALL_CHARS) return this.room;
    return Math.min(this.room, Math.max(0, Math.ceil(this.#roomChars / mean)));
  }

  get #roomChars(): number {
    const most = MOST_OPEN_CHARS[this.#besideFor > 0 ? "beside" : "alone"];
    return most - (this.#openChars - this.#refusedChars);
  }

  get #isFull(): boolean {
    return this.room === 0 || this.#roomChars <= 0;
  }

  /** Resolves when everything recorded so far is durable. */
  async settled(): Promise<void> {
    while (this.#open > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Gives up what could not be written; the store is going away. */
  close(): void {
    this.#isClosed = true;
    this.#open = 0;
    this.#wakeIdle();
  }

  #flush(): void {
    this.#isScheduled = false;
    const events = this.#events;
    const listeners = this.#listeners;
    this.#events = [];
    this.#listeners = [];
    // With what comes behind them about the same tasks, which is to stay there.
    const large = new Set(events.filter(isLargeFinish).map(({ id }) => id));
    if (large.size === 0) return this.#write(events, listeners);
    for (const isLarge of [false, true]) {
      const those = [...events.keys()].filter((at) => large.has(events[at]!.id) === isLarge);
      if (those.length === 0) continue;
      this.#write(
        those.map((at) => events[at]!),
        those.map((at) => listeners[at]!),
      );
    }
  }

  #write(events: readonly TaskEvent[], listeners: readonly Recorded[], isAgain = false): void {
    if (this.#isClosed) return;
    const answered = (act: () => void): void => {
      const wasFull = this.#isFull;
      if (isAgain) this.#failing--;
      act();
      if (wasFull && !this.#isFull) this.#onRoom();
    };
    this.#store.apply(events).then(
      (applied) =>
        answered(() => {
          for (let at = 0; at < listeners.length; at++) listeners[at]!(applied[at]!);
          this.#open -= events.length;
          for (const event of events) this.#openChars -= finishSize(event);
          if (this.#open <= 0) this.#wakeIdle();
        }),
      (error: unknown) => answered(() => this.#failed(error, events, listeners)),
    );
  }

  #failed(error: unknown, events: readonly TaskEvent[], listeners: readonly Recorded[]): void {
    this.#onTrouble(error);
    const { code } = toTandaError(error);
    if (code === "busy" || code === "unavailable") {
      this.#failing++;
      setTimeout(() => this.#write(events, listeners, true), RETRY_MS);
    } else if (events.length > 1) {
      // Something in it cannot be stored: each by itself, so that only that waits.
      for (let at = 0; at < events.length; at++) this.#write([events[at]!], [listeners[at]!]);
    } else {
      const chars = finishSize(events[0]!);
      this.#refused++;
      this.#refusedChars += chars;
      setTimeout(() => {
        this.#refused--;
        this.#refusedChars -= chars;
        this.#write(events, listeners);
      }, REFUSED_RETRY_MS).unref();
    }
  }

  #wakeIdle(): void {
    const waiting = this.#idle;
    this.#idle = [];
    for (const wake of waiting) wake();
  }
}
