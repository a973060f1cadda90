/**
 * Large ends go to the writer a little at a time, beside what is small: a commit takes as long as it has bytes, and who writes
 * little is not to wait for who writes much. Events about one task, or with one key, keep their order.
 */
import type { TaskEvent } from "../task/decide.ts";
import { finishSize, isLargeFinish } from "../task/finish-size.ts";
import type { Answer } from "./sqlite-apply.ts";

/** In characters: while others write beside it, and while nobody does. */
const AT_ONCE = 262_144;
const AT_ONCE_ALONE = 1_048_576;
/** One is written while the next lies ready: what is small and came meanwhile goes with that, and costs no commit of its own. */
const AT_THE_WRITER = 2;

type Waiting = {
  readonly event: TaskEvent;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
};

export class LargeWrites {
  readonly #write: (events: readonly TaskEvent[]) => Promise<readonly Answer[] | null>;
  readonly #waiting: Waiting[] = [];
  /** What those that wait or are being written are about: how many of them. */
  readonly #about = new Map<string, number>();
  #writing = 0;
  #isDue = false;
  #isAlone = true;
  #idle: (() => void)[] = [];

  /** @param write resolves with an answer for each; null = null for each. */
  constructor(write: (events: readonly TaskEvent[]) => Promise<readonly Answer[] | null>) {
    this.#write = write;
  }

  get isEmpty(): boolean {
    return this.#about.size === 0;
  }

  /** Somebody writes beside it. */
  noteOthers(): void {
    this.#isAlone = false;
  }

  /** It is large, or is to come after one that is. */
  takes(event: TaskEvent): boolean {
    return isLargeFinish(event) || namesOf(event).some((name) => this.#about.has(name));
  }

  push(event: TaskEvent): Promise<Answer> {
    for (const name of namesOf(event)) this.#about.set(name, (this.#about.get(name) ?? 0) + 1);
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#waiting.push({ event, resolve, reject });
    this.#writeSoon();
    return promise;
  }

  /** Resolves when all that was pushed is written, or has failed. */
  settled(): Promise<void> {
    return this.isEmpty ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Behind those that are pushed with it. */
  #writeSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      while (this.#waiting.length > 0 && this.#writing < AT_THE_WRITER) void this.#writeSome(this.#next());
    });
  }

  async #writeSome(some: readonly Waiting[]): Promise<void> {
    this.#writing++;
    try {
      const answers = await this.#write(some.map(({ event }) => event));
      for (const [i, { resolve }] of some.entries()) resolve(answers?.[i] ?? null);
    } catch (error) {
      for (const { reject } of some) reject(error);
    }
    for (const { event } of some) this.#forget(event);
    this.#writing--;
    this.#writeSoon();
    if (this.isEmpty) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #next(): Waiting[] {
    let size = 0;
    const atOnce = this.#isAlone ? AT_ONCE_ALONE : AT_ONCE;
    this.#isAlone = true;
    const end = this.#waiting.findIndex(({ event }, i) => {
      size += finishSize(event);
      return size > atOnce && i > 0;
    });
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : end);
  }

  #forget(event: TaskEvent): void {
    for (const name of namesOf(event)) {
      const left = this.#about.get(name)! - 1;
      if (left === 0) this.#about.delete(name);
      else this.#about.set(name, left);
    }
  }
}

/** An id has no blank. */
function namesOf({ id, spec }: TaskEvent): string[] {
  return spec?.key == null ? [id] : [id, `key ${spec.key}`];
}
