import type { EventStream } from "../client/caller.ts";
import type { WatchEvent } from "../protocol/messages.ts";

/** Events pushed by one side, read by `for await` on the other. */
export class EventQueue<T extends WatchEvent = WatchEvent> implements EventStream {
  #events: T[] = [];
  #waiting: PromiseWithResolvers<IteratorResult<T, undefined>> | null = null;
  #isOver = false;
  #error: unknown = null;
  #stop: (() => void) | null = null;

  push(event: T): void {
    if (this.#isOver) return;
    if (this.#waiting) {
      this.#waiting.resolve({ done: false, value: event });
      this.#waiting = null;
    } else this.#events.push(event);
  }

  /** What was pushed is still read. */
  end(): void {
    this.#isOver = true;
    this.#waiting?.resolve({ done: true, value: undefined });
    this.#waiting = null;
    this.#stop?.();
  }

  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#error = error;
    if (this.#waiting) {
      this.#waiting.reject(error);
      this.#waiting = null;
      this.#error = null;
    }
    this.#isOver = true;
    this.#stop?.();
  }

  /** Called once, when nobody reads any more. */
  onEnd(stop: () => void): void {
    this.#stop = stop;
    if (this.#isOver) stop();
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    const event = this.#events.shift();
    if (event !== undefined) return { done: false, value: event };
    if (this.#error !== null) {
      const error = this.#error;
      this.#error = null;
      throw error;
    }
    if (this.#isOver) return { done: true, value: undefined };
    this.#waiting ??= Promise.withResolvers();
    return this.#waiting.promise;
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#events = [];
    this.end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
