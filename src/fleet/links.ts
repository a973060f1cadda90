/** What this process tells the others. */
import type { Bus, Hint } from "../bus/bus.ts";
import type { Catalogue } from "../engine/catalogue.ts";
import type { Answer } from "../engine/engine.ts";
import type { Fleet } from "../engine/fleet.ts";
import type { Message } from "../queue/queue.ts";
import type { Store } from "../store/store.ts";
import { aboutTasks, toEndHint } from "./hints.ts";
import { Means } from "./means.ts";

/** Names that nobody knows may be asked for in a loop. */
const REFRESH_EVERY_MS = 250;

export type LinksOptions = {
  bus: Bus;
  store: Pick<Store, "catalogue">;
  catalogue: Catalogue;
  /** The rows of these may be final; they are waited for here. */
  onLook: (tasks: readonly string[]) => void;
  onLater: (messages: readonly Message[]) => Promise<void>;
  onQueueChanged: (queue: string) => Promise<void>;
};

export class Links implements Fleet {
  readonly address: string;
  readonly means: Means = new Means();
  readonly #options: LinksOptions;
  #refreshing: Promise<void> | null = null;
  #refreshedAt = -Infinity;

  constructor(options: LinksOptions) {
    this.#options = options;
    this.address = options.bus.address;
  }

  ended({ spec, waiter }: Message, answer: Answer, runMs: number | null): void {
    if (runMs !== null) this.means.add(spec.action, runMs);
    if (waiter === undefined || waiter === this.address) return;
    const hint = toEndHint(spec.id, answer, runMs);
    if (hint === null || !this.#options.bus.send(waiter, hint)) this.#sendAll(waiter, [spec.id]);
  }

  look(messages: readonly Message[]): void {
    const byWaiter = new Map<string, string[]>();
    for (const { spec, waiter } of messages) {
      if (waiter === undefined) continue;
      const tasks = byWaiter.get(waiter);
      if (tasks) tasks.push(spec.id);
      else byWaiter.set(waiter, [spec.id]);
    }
    for (const [waiter, tasks] of byWaiter) {
      if (waiter === this.address) this.#options.onLook(tasks);
      else this.#sendAll(waiter, tasks);
    }
  }

  publishLater(messages: readonly Message[]): Promise<void> {
    return this.#options.onLater(messages);
  }

  cancelled(tasks: readonly string[]): void {
    for (const hint of aboutTasks("cancel", tasks)) this.#options.bus.broadcast(hint);
  }

  queueChanged(queue: string): Promise<void> {
    return this.#options.onQueueChanged(queue);
  }

  tokensChanged(): void {
    this.#options.bus.broadcast({ type: "tokens" });
  }

  /** Of ours: others learn what we serve. */
  actionsChanged(): void {
    this.#options.bus.broadcast({ type: "actions" });
  }

  tell(address: string | null, hint: Hint): void {
    if (address === null) this.#options.bus.broadcast(hint);
    else this.#options.bus.send(address, hint);
  }

  refreshActions(): Promise<void> {
    if (performance.now() - this.#refreshedAt < REFRESH_EVERY_MS) return Promise.resolve();
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  meanMs(action: string): number | null {
    return this.means.get(action);
  }

  #sendAll(waiter: string, tasks: readonly string[]): void {
    for (const hint of aboutTasks("look", tasks)) this.#options.bus.send(waiter, hint);
  }

  async #refresh(): Promise<void> {
    const { store, catalogue } = this.#options;
    catalogue.remember(await store.catalogue());
    this.#refreshedAt = performance.now();
  }
}
