/** What is in threads' hands: each run from the moment it is handed over until its end is recorded. */
import type { Message } from "../queue/queue.ts";
import type { Applied } from "../store/store.ts";
import { MAX_LOG_LINES } from "../task/decide.ts";
import type { LogLine } from "../task/task.ts";
import { Numbered } from "./numbered.ts";
import type { Pool, Report } from "./pool.ts";

export type Hand = {
  readonly seq: number;
  readonly message: Message;
  readonly pool: Pool;
  readonly handedAt: number;
  /** Alone in its process, as a suspect. */
  readonly isAlone: boolean;
  /** Its row says running, with this attempt. */
  isClaimed: boolean;
  isClaiming: boolean;
  /** On the clock of `performance.now`: until then nobody else may run it; Infinity where nobody else could. */
  leasedUntil: number;
  /** Its lease ended or was taken: it is being stopped. */
  isLost: boolean;
  /** What the store said when it refused the claim: the task has ended, or is at another attempt. */
  refusal: Applied | null;
  isCancelled: boolean;
  log: LogLine[] | null;
  progress: string | null;
};

export class Hands {
  readonly #bySeq = new Numbered<Hand>();
  #lastSeq = 0;

  get size(): number {
    return this.#bySeq.size;
  }

  /** @param leasedUntil null when it is not claimed. */
  take(message: Message, pool: Pool, at: number, isAlone: boolean, leasedUntil: number | null): Hand {
    const seq = (this.#lastSeq = this.#bySeq.next(this.#lastSeq));
    const hand: Hand = {
      seq,
      message,
      pool,
      handedAt: at,
      isAlone,
      isClaimed: leasedUntil !== null,
      isClaiming: false,
      leasedUntil: leasedUntil ?? Infinity,
      isLost: false,
      refusal: null,
      isCancelled: false,
      log: null,
      progress: null,
    };
    this.#bySeq.set(seq, hand);
    return hand;
  }

  release(seq: number): Hand | undefined {
    const hand = this.#bySeq.get(seq);
    if (hand) this.#bySeq.delete(seq);
    return hand;
  }

  /** A search, since it is asked for seldom and a second index would be paid by every task. */
  of(task: string): Hand | undefined {
    return this.#bySeq.find((hand) => hand.message.spec.id === task);
  }

  /** Notes what the handler said. @returns its task, or undefined when it is not in hand any more. */
  note(report: Report): Hand | undefined {
    const hand = this.#bySeq.get(report.seq);
    if (hand === undefined) return undefined;
    if (report.type === "progress") hand.progress = report.progress;
    else {
      hand.log ??= [];
      if (hand.log.length < MAX_LOG_LINES) hand.log.push(report.line);
    }
    return hand;
  }

  /** Oldest first. */
  [Symbol.iterator](): IterableIterator<Hand> {
    return this.#bySeq.values().values();
  }

  *ids(isAlone: boolean): Generator<string> {
    for (const hand of this.#bySeq.values()) if (hand.isAlone === isAlone) yield hand.message.spec.id;
  }
}
