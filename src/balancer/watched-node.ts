/** One node as the built-in balancer sees it: its health, asked about again and again, and the clients it carries. */
import type { Socket } from "node:net";
import { formatAddress } from "../gateway/listen.ts";
import { askNode, type Health } from "./ask-node.ts";
import type { Place } from "./options.ts";

/** Of bad answers one may be chance; DRAINING is said on purpose, and a PONG is a promise. */
const FAILURES = 2;

export type WatchOptions = {
  readonly isProxy: boolean;
  readonly checkMs: number;
  readonly onChange: (node: WatchedNode, was: Health) => void;
};

export class WatchedNode {
  readonly place: Place;
  readonly name: string;
  /** Clients, from the moment this node was chosen for them. */
  readonly clients = new Set<Socket>();
  #health: Health = "up";
  #failures = 0;
  readonly #options: WatchOptions;
  readonly #ended = new AbortController();

  constructor(place: Place, options: WatchOptions) {
    this.place = place;
    this.name = formatAddress(place);
    this.#options = options;
    void this.#watch();
  }

  get health(): Health {
    return this.#health;
  }

  /** A connection was not taken. One is enough: the next check, soon, sets it right if it was chance. */
  refused(): void {
    if (this.#health === "up") this.#become("refused");
  }

  end(): void {
    this.#ended.abort();
  }

  async #watch(): Promise<void> {
    const { isProxy, checkMs } = this.#options;
    const { signal } = this.#ended;
    while (!signal.aborted) {
      const found = await askNode(this.place, isProxy, checkMs, signal);
      if (signal.aborted) return;
      this.#heard(found);
      // Suspicion is settled sooner.
      const restMs = this.#failures > 0 && this.#failures < FAILURES ? checkMs / 4 : checkMs;
      await rest(restMs, signal);
    }
  }

  #heard(found: Health): void {
    if (found === "up" || found === "draining") {
      this.#failures = 0;
      this.#become(found);
    } else if (++this.#failures >= FAILURES) this.#become(found);
  }

  #become(health: Health): void {
    if (health === this.#health) return;
    const was = this.#health;
    this.#health = health;
    // It takes bytes and never answers: its clients are better off elsewhere. After `refused` those there may still be answered.
    if (health === "silent") for (const client of this.clients) client.destroy();
    this.#options.onChange(this, was);
  }
}

function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
  });
}
