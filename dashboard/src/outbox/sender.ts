/** Hands what waits to a node, for as long as one connection lasts; the next connection has a sender of its own. */
import { TandaError, type Client } from "../../../src/client/browser.ts";
import { isHeld, isWaiting, type Entry, type Outbox } from "./outbox.ts";

/** These say nothing about the task: another time, or with another token, it may be accepted. */
const NOT_FINAL: ReadonlySet<string> = new Set([
  "unavailable",
  "busy",
  "internal",
  "unauthorized",
  "forbidden",
]);

export class Sender {
  readonly #outbox: Outbox;
  readonly #client: Client;
  readonly #inFlight = new Set<string>();
  // What is not answered when the connection is lost is taken back: the client would say it again with an id that may be days old by
  // then, and nodes refuse those.
  readonly #stop = new AbortController();

  constructor(outbox: Outbox, client: Client) {
    this.#outbox = outbox;
    this.#client = client;
  }

  readonly sendAll = (): void => {
    if (this.#stop.signal.aborted) return;
    const ready = this.#outbox
      .entries()
      .filter((entry) => isWaiting(entry) && !isHeld(entry) && !this.#inFlight.has(entry.key));
    for (const { key } of ready) this.#inFlight.add(key);
    for (const entry of ready) void this.#send(entry);
  };

  stop(): void {
    this.#stop.abort();
  }

  async #send({ key, action, payload, options, triedAt }: Entry): Promise<void> {
    try {
      // Before it goes: who is cut off in the middle must find it so.
      if (triedAt === undefined) this.#outbox.update(key, { triedAt: Date.now() });
      const { task } = await this.#client.$.submit(action, payload, {
        key,
        ...options,
        signal: this.#stop.signal,
      });
      this.#outbox.update(key, { task, payload: undefined });
    } catch (error) {
      if (error instanceof TandaError && !NOT_FINAL.has(error.code))
        this.#outbox.update(key, {
          refusal: {
            code: error.code,
            message: error.message,
            ...(error.path === undefined ? {} : { path: error.path }),
          },
        });
    } finally {
      this.#inFlight.delete(key);
    }
  }
}
