import type { WatchEvent } from "../protocol/messages.ts";
import type { EventStream } from "./caller.ts";
import { Fifo } from "./fifo.ts";

const MAX_WAITING = 10_000;

/** Events on their way to one `for await`. A reader that is too slow loses the oldest, and is told how many. */
export class EventQueue implements EventStream {
  readonly #onStop: () => void;
  readonly #now: () => number;
  #events = new Fifo<WatchEvent>();
  #missed = 0;
  #readers = new Fifo<{
    resolve: (result: IteratorResult<WatchEvent, undefined>) => void;
    reject: (error: unknown) => void;
  }>();
  #isOver = false;
  #error: { thrown: unknown } | null = null;

  /** `onStop` is called once, when it ends for whatever reason. */
  constructor(onStop: () => void, now: () => number) {
    this.#onStop = onStop;
    this.#now = now;
  }

  push(event: WatchEvent): void {
    if (this.#isOver) return;
    const reader = this.#readers.shift();
    if (reader) {
      reader.resolve({ value: event, done: false });
      return;
    }
    this.#events.push(event);
    if (this.#events.size > MAX_WAITING) {
      this.#events.shift();
      this.#missed++;
    }
  }

  /** What was pushed before is still read. */
  end(): void {
    this.#stop(null);
  }

  fail(thrown: unknown): void {
    this.#stop({ thrown });
  }

  #stop(error: { thrown: unknown } | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#error = error;
    this.#onStop();
    for (let reader = this.#readers.shift(); reader; reader = this.#readers.shift()) {
      if (this.#error) {
        reader.reject(this.#error.thrown);
        this.#error = null;
      } else reader.resolve({ value: undefined, done: true });
    }
  }

  next(): Promise<IteratorResult<WatchEvent, undefined>> {
    if (this.#missed > 0) {
      const value: WatchEvent = { type: "missed", at: this.#now(), count: this.#missed };
      this.#missed = 0;
      return Promise.resolve({ value, done: false });
    }
    const event = this.#events.shift();
    if (event !== undefined) return Promise.resolve({ value: event, done: false });
    if (this.#error) {
      const { thrown } = this.#error;
      this.#error = null;
      return Promise.reject(thrown);
    }
    if (this.#isOver) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
  }

  return(): Promise<IteratorResult<WatchEvent, undefined>> {
    this.#events = new Fifo();
    this.#missed = 0;
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
