/**
 * When a task that comes now starts at the soonest: sooner than it will, and surely not later. So what says that it is to start
 * before that is refused at once, and nothing that would have started in time ever is, unless its queue becomes three times as
 * fast as it has been at its best.
 */
import { isFinal } from "../task/state.ts";
import type { Count } from "../store/store.ts";

/** What a queue was able to do at its best is looked for in so many beats of about a second. */
const BEATS = 60;
/** Of a queue that was watched for less, nobody knows how fast it is. */
const LEAST_BEATS = 5;
/** It may become so many times as fast. */
const FASTER = 3;

type Waiting = Map<string, number>;

/** @property waiting by action. */
type Line = { waiting: Waiting; ended: number; perSecond: number[] };

export class Forecast {
  readonly #lines = new Map<string, Line>();
  #at = 0;

  /** About once a second. @param now milliseconds that never run backwards. */
  beat(now: number, counts: readonly Count[]): void {
    const seconds = (now - this.#at) / 1000;
    this.#at = now;
    const sums = new Map<string, { waiting: Waiting; ended: number }>();
    for (const { queue, action, state, count } of counts) {
      let sum = sums.get(queue);
      if (sum === undefined) sums.set(queue, (sum = { waiting: new Map(), ended: 0 }));
      if (state === "queued") sum.waiting.set(action, count);
      else if (isFinal(state)) sum.ended += count;
    }
    for (const [queue, { waiting, ended }] of sums) {
      const line = this.#lines.get(queue);
      // Only while some wait it does what it can.
      if (line === undefined || waiting.size === 0 || ended < line.ended) {
        if (waiting.size === 0) this.#lines.delete(queue);
        else this.#lines.set(queue, { waiting, ended, perSecond: [] });
        continue;
      }
      line.perSecond.push((ended - line.ended) / seconds);
      if (line.perSecond.length > BEATS) line.perSecond.shift();
      line.waiting = waiting;
      line.ended = ended;
    }
    for (const queue of this.#lines.keys()) if (!sums.has(queue)) this.#lines.delete(queue);
  }

  /** So many waited in the queue when it was last looked at. */
  waiting(queue: string, isBefore: (action: string) => boolean): number {
    let sum = 0;
    for (const [action, count] of this.#lines.get(queue)?.waiting ?? []) if (isBefore(action)) sum += count;
    return sum;
  }

  /** @param before how many of those that wait start before it. @returns 0 when that is not known. */
  soonestMs(now: number, queue: string, before: number): number {
    const line = this.#lines.get(queue);
    if (line === undefined || line.perSecond.length < LEAST_BEATS) return 0;
    const best = Math.max(...line.perSecond) * FASTER;
    if (best === 0) return 0;
    return Math.max(0, (before / best) * 1000 - (now - this.#at));
  }

  /** As far as one can tell: at its mean of the last ten seconds. */
  expectedMs(queue: string, before: number): number {
    const last = this.#lines.get(queue)?.perSecond.slice(-10) ?? [];
    const mean = last.reduce((sum, one) => sum + one, 0) / last.length;
    return mean > 0 ? (before / mean) * 1000 : 0;
  }
}
