/** What one connection watches: one feed for each `watch` request, named by the request's id. */
import type { Engine } from "../engine/engine.ts";
import type { OpRequest, WatchEvent } from "../protocol/messages.ts";
import { eventReply, okReply, type Line } from "../protocol/reply.ts";
import { idPrefix } from "../protocol/request-id.ts";
import { TandaError } from "../task/errors.ts";
import type { GatewayContext } from "./context.ts";
import { answering } from "./answering.ts";
import { WatchFeed } from "./watch-feed.ts";

/** The session, as far as watches need it. */
export interface WatchOutlet {
  /** As its client may use it. */
  readonly engine: Engine;
  write(line: Line): void;
  readonly isClosed: boolean;
  readonly unreadBytes: number;
}

type Watch = { feed: WatchFeed; stop: () => void };

export class Watches {
  readonly #context: GatewayContext;
  readonly #outlet: WatchOutlet;
  readonly #byPrefix = new Map<string, Watch>();

  constructor(context: GatewayContext, outlet: WatchOutlet) {
    this.#context = context;
    this.#outlet = outlet;
  }

  get isEmpty(): boolean {
    return this.#byPrefix.size === 0;
  }

  /** @throws busy, conflict, and what the engine refuses. */
  async start(prefix: string, request: OpRequest): Promise<void> {
    const { limits, clock, eventTexts } = this.#context;
    const engine = answering(this.#outlet.engine, request);
    if (this.#byPrefix.has(prefix)) throw new TandaError("conflict", "a watch with this id is there already");
    if (this.#byPrefix.size >= limits.watches) {
      throw new TandaError("busy", `there are ${limits.watches} watches on this connection`, {
        retryAfterMs: 1000,
        hint: "End one with the op unwatch, or watch more with each.",
      });
    }
    const write = (event: WatchEvent): void => this.#outlet.write(eventReply(prefix, eventTexts.of(event)));
    // Answers must find room behind events.
    const isFull = (): boolean => this.#outlet.unreadBytes > limits.unreadBytes / 4;
    const feed = new WatchFeed(write, isFull, () => clock.now());
    const watch: Watch = { feed, stop: () => undefined };
    this.#byPrefix.set(prefix, watch);
    const isOn = (): boolean => this.#byPrefix.get(prefix) === watch;
    // Events may come before the engine's promise resolves; the client is to be told first that it watches.
    const early: [readonly WatchEvent[], boolean][] = [];
    let isTold = false;
    const take = (events: readonly WatchEvent[], isLast: boolean): void => {
      if (!isOn()) return;
      if (!isTold) {
        early.push([events, isLast]);
        return;
      }
      feed.push(events, isLast);
      if (isLast) this.#end(prefix);
    };
    try {
      const { task, action, queue, owner } = request;
      const filter = {
        ...(task === undefined ? {} : { task }),
        ...(action === undefined ? {} : { action }),
        ...(queue === undefined ? {} : { queue }),
        ...(owner === undefined ? {} : { owner }),
      };
      const { stop } = await engine.watch(filter, take);
      if (!isOn()) {
        stop();
        return;
      }
      watch.stop = stop;
    } catch (error) {
      this.#byPrefix.delete(prefix);
      throw error;
    }
    this.#outlet.write(okReply(prefix, '{"watching":true}'));
    isTold = true;
    for (const [events, isLast] of early) take(events, isLast);
  }

  /** @throws not_found */
  stop(id: unknown): void {
    const prefix = idPrefix(id);
    if (!this.#byPrefix.has(prefix)) throw new TandaError("not_found", "no watch with this id is on");
    this.#end(prefix);
  }

  stopAll(): void {
    for (const prefix of this.#byPrefix.keys()) this.#end(prefix);
  }

  relieved(): void {
    for (const { feed } of this.#byPrefix.values()) feed.relieved();
  }

  #end(prefix: string): void {
    this.#byPrefix.get(prefix)?.stop();
    this.#byPrefix.delete(prefix);
    if (!this.#outlet.isClosed) this.#outlet.write(okReply(prefix, '{"watching":false}'));
  }
}
