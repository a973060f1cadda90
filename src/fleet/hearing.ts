/** What this process does with what the others tell. */
import type { Bus, Hint } from "../bus/bus.ts";
import { obeyQueueMode } from "../engine/operations.ts";
import type { EngineParts } from "../engine/parts.ts";
import type { WorkerFace } from "../worker/worker-face.ts";
import { readEndHint, readTasks } from "./hints.ts";
import type { Links } from "./links.ts";
import type { Waiting } from "./waiting.ts";
import type { WatchRelay } from "./watch-relay.ts";
import type { WorkerOrders } from "./worker-orders.ts";

export type HearingOptions = {
  bus: Bus;
  parts: EngineParts;
  worker: WorkerFace;
  links: Links;
  waiting: Waiting;
  relay: WatchRelay;
  orders: WorkerOrders;
  onError: (error: unknown) => void;
};

export class Hearing {
  readonly #options: HearingOptions;

  constructor(options: HearingOptions) {
    this.#options = options;
    options.bus.onHint((hint) => this.#hear(hint));
    options.bus.onGap(() => {
      options.waiting.look(options.parts.flights.tasks());
      this.readQueues().catch(options.onError);
    });
  }

  /** Modes of queues, as the store has them. */
  async readQueues(): Promise<void> {
    const { parts } = this.#options;
    const states = new Map((await parts.store.queueStates()).map(({ queue, mode }) => [queue, mode]));
    for (const queue of parts.admission.queuesNotOpen())
      if (!states.has(queue)) obeyQueueMode(parts, queue, "open");
    for (const [queue, mode] of states) obeyQueueMode(parts, queue, mode);
  }

  #hear(hint: Hint): void {
    const { parts, waiting, relay, orders, onError } = this.#options;
    switch (hint.type) {
      case "end":
        return this.#end(hint);
      case "look":
        return waiting.look(readTasks(hint));
      case "cancel":
        return this.#cancel(readTasks(hint));
      case "queues":
        return void this.readQueues().catch(onError);
      case "tokens":
        return void parts.tokens.load().catch(onError);
      case "actions":
        return void parts.store
          .catalogue()
          .then((actions) => parts.catalogue.remember(actions))
          .catch(onError);
      default:
        // What a newer Tanda tells is not for us.
        if (!orders.hear(hint)) relay.hear(hint);
    }
  }

  #end(hint: Hint): void {
    const told = readEndHint(hint);
    if (told === null) return;
    const { parts, links } = this.#options;
    const { flights, recent } = parts;
    const flight = flights.get(told.task);
    if (flight === undefined) return;
    const action = flight.spec?.action;
    if (action !== undefined && told.runMs !== null) links.means.add(action, told.runMs);
    recent.total.observe(flights.ageMs(flight) / 1000);
    flights.end(told.task, told.answer);
  }

  /** The rows say so already: what runs is for nothing. */
  #cancel(tasks: readonly string[]): void {
    const { parts, worker, waiting } = this.#options;
    const removed = new Set(parts.queue.remove(tasks));
    const others = tasks.filter((task) => !removed.has(task) && !worker.cancel(task, true));
    // They may be on their way here, and what only rides runs without a look at its row.
    worker.doubt(others);
    waiting.look(tasks);
  }
}
