/**
 * Questions whose answers are long, a few at a time: of one connection one after another, and none while it has not read what it was
 * told; of all together no more than a few, so that who asks for many pages does not fill the memory, nor the time, of all.
 */
import type { Pace } from "./pace.ts";

const AT_ONCE = 2;

type Question = () => Promise<unknown>;

/** Of all connections of a gateway. */
export class LongAnswers {
  readonly #pace: Pace;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  of(mayRead: () => boolean): LongAnswersOfOne {
    return new LongAnswersOfOne(this, mayRead);
  }

  run(question: Question, onEnd: () => void): void {
    const begin = (): void =>
      void question().finally(() => {
        this.#running--;
        this.#admit();
        onEnd();
      });
    this.#waiting.push(begin);
    this.#admit();
  }

  #admit(): void {
    // Beside who asks for little, and a loop that is busy with others, one.
    while (this.#waiting.length > 0 && this.#running < (this.#pace.isOn ? 1 : AT_ONCE)) {
      this.#running++;
      this.#pace.next(this.#waiting.shift()!);
    }
  }
}

export class LongAnswersOfOne {
  readonly #all: LongAnswers;
  readonly #mayRead: () => boolean;
  readonly #waiting: Question[] = [];
  #isRunning = false;

  constructor(all: LongAnswers, mayRead: () => boolean) {
    this.#all = all;
    this.#mayRead = mayRead;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Resolves with the answer, when it is its turn. */
  ask<T>(question: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => question().then(resolve, reject));
      this.relieved();
    });
  }

  /** The client has read, perhaps enough. */
  relieved(): void {
    if (this.#isRunning || this.#waiting.length === 0 || !this.#mayRead()) return;
    this.#isRunning = true;
    this.#all.run(this.#waiting.shift()!, () => {
      this.#isRunning = false;
      this.relieved();
    });
  }

  /** Nobody is there for the answers. */
  close(): void {
    this.#waiting.length = 0;
  }
}
