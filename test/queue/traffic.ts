/** Publishes and takes at once, and notes what became of each task. */
import type { Message } from "../../src/queue/queue.ts";
import type { RemoteQueue } from "../../src/queue/remote-queue.ts";
import { promised } from "./queue-contract.ts";
import type { Told } from "./told.ts";

const anyRoom = (): number => Infinity;

export class Traffic {
  readonly published = new Set<string>();
  readonly settled = new Set<string>();
  /** Came again after it was settled, and was not marked as a repeat. */
  readonly wrong: string[] = [];
  readonly #queue: RemoteQueue;
  readonly #timer: NodeJS.Timeout;
  #isPublishing = true;

  constructor(queue: RemoteQueue) {
    this.#queue = queue;
    this.#timer = setInterval(() => this.#turn(), 5);
  }

  stopPublishing(): void {
    this.#isPublishing = false;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** All that was not told as unpublished has come. */
  isComplete(told: Told): boolean {
    const unpublished = new Set(told.unpublished.map(({ id }) => id));
    return [...this.published].every((id) => this.settled.has(id) || unpublished.has(id));
  }

  #turn(): void {
    if (this.#isPublishing) {
      const messages = Array.from({ length: 20 }, () => promised());
      for (const { spec } of messages) this.published.add(spec.id);
      this.#queue.publish(messages);
    }
    if (this.#isPublishing) this.#settle(this.#queue.take(15, anyRoom));
    else
      for (
        let taken = this.#queue.take(500, anyRoom);
        taken.length > 0;
        taken = this.#queue.take(500, anyRoom)
      )
        this.#settle(taken);
  }

  #settle(taken: readonly Message[]): void {
    for (const { spec, isRide, isRepeat } of taken) {
      if (this.settled.has(spec.id) && (isRide || !isRepeat)) this.wrong.push(spec.id);
      this.settled.add(spec.id);
    }
    this.#queue.settle(taken);
  }
}
