/**
 * Tasks that the queue did not take. Those that only ride get a row now, and all are marked as unseen: the sweeper of some process
 * finds them at once. While the store is away too they are kept, within bounds; what has a row is found later in any case.
 */
import type { Flights } from "../engine/flights.ts";
import type { Message } from "../queue/queue.ts";
import type { SharedStore } from "../store/shared-store.ts";
import type { TaskEvent } from "../task/decide.ts";

const AT_ONCE = 1000;
const AGAIN_MS = 500;
const MOST = 200_000;

export type StraysOptions = {
  store: Pick<SharedStore, "apply" | "unpublished">;
  flights: Flights;
  now: () => number;
  onError: (error: unknown) => void;
};

export class Strays {
  readonly #options: StraysOptions;
  #waiting: Message[] = [];
  #working: Promise<void> | null = null;
  #isClosed = false;

  constructor(options: StraysOptions) {
    this.#options = options;
  }

  add(messages: readonly Message[]): void {
    for (const message of messages) if (this.#waiting.length < MOST) this.#waiting.push(message);
    this.#working ??= this.#work().finally(() => (this.#working = null));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#working;
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, AT_ONCE);
      try {
        await this.#settle(batch);
        this.#waiting.splice(0, batch.length);
      } catch (error) {
        this.#options.onError(error);
        if (this.#isClosed) return;
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS).unref());
      }
    }
  }

  async #settle(batch: readonly Message[]): Promise<void> {
    const { store, flights, now } = this.#options;
    const at = now();
    const rides = batch.filter(({ isRide }) => isRide);
    if (rides.length > 0) {
      await store.apply(rides.map(({ spec }): TaskEvent => ({ type: "submit", id: spec.id, at, spec })));
      for (const { spec } of rides) {
        const flight = flights.get(spec.id);
        if (flight) flight.hasRow = true;
      }
    }
    await store.unpublished(batch.map(({ spec }) => spec.id));
  }
}
