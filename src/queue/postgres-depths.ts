/** How much is free in the table, asked now and then; seldom, when it takes long. */
import type { PostgresLink } from "../postgres/link.ts";
import type { Waiting } from "./parcel-queue.ts";
import { countFree } from "./postgres-parcels.ts";

const EVERY_MS = 5000;
/** So much longer than the asking is the pause after it. */
const REST_FACTOR = 50;

export class PostgresDepths {
  readonly #link: PostgresLink;
  readonly #timer: NodeJS.Timeout;
  #waiting = new Map<string, Waiting>();
  #restsUntil = 0;
  #isAsking = false;

  constructor(link: PostgresLink) {
    this.#link = link;
    this.#timer = setInterval(() => void this.refresh(), EVERY_MS);
    this.#timer.unref();
  }

  get waiting(): Map<string, Waiting> {
    return this.#waiting;
  }

  async refresh(): Promise<void> {
    const startedAt = performance.now();
    if (this.#isAsking || !this.#link.isUp || startedAt < this.#restsUntil) return;
    this.#isAsking = true;
    try {
      const counts = await countFree(this.#link);
      this.#waiting = new Map(counts.map(({ queue, ...waiting }) => [queue, waiting]));
    } catch {
      // What was known is as good as anything; of a connection that is gone its link tells.
    }
    this.#isAsking = false;
    const now = performance.now();
    this.#restsUntil = now + (now - startedAt) * REST_FACTOR;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
