/** What this process does with what the others tell. */
import type { Bus, Hint } from "../bus/bus.ts";
import type { EngineParts } from "../engine/parts.ts";
import type { WorkerFace } from "../worker/worker-face.ts";
import { readEndHint, readTasks } from "./hints.ts";
import type { Links } from "./links.ts";
import type { QueueModes } from "./queue-modes.ts";
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
  modes: QueueModes;
  /** Shows the others how it is now. */
  beat: () => Promise<void>;
  onError: (error: unknown) => void;
};

export function hearOthers(options: HearingOptions): void {
  const { bus, parts, waiting, modes, onError } = options;
  bus.onHint((hint) => hear(hint, options));
  bus.onGap(() => {
    waiting.look(parts.flights.tasks());
    modes.read().catch(onError);
  });
}

function hear(hint: Hint, options: HearingOptions): void {
  const { parts, waiting, relay, orders, modes, beat, onError } = options;
  switch (hint.type) {
    case "end":
      return end(hint, options);
    case "look":
      return waiting.look(readTasks(hint));
    case "cancel":
      return cancel(readTasks(hint), options);
    case "queues":
      return void modes.read().then(beat).catch(onError);
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

function end(hint: Hint, { parts, links }: HearingOptions): void {
  const told = readEndHint(hint);
  if (told === null) return;
  const { flights, recent } = parts;
  const flight = flights.get(told.task);
  if (flight === undefined) return;
  const action = flight.spec?.action;
  if (action !== undefined && told.runMs !== null) links.means.add(action, told.runMs);
  recent.total.observe(flights.ageMs(flight) / 1000);
  flights.end(told.task, told.answer);
}

/** The rows say so already: what runs is for nothing. */
function cancel(tasks: readonly string[], { parts, worker, waiting }: HearingOptions): void {
  const removed = new Set(parts.queue.remove(tasks));
  const others = tasks.filter((task) => !removed.has(task) && !worker.cancel(task, true));
  // They may be on their way here, and what only rides runs without a look at its row.
  worker.doubt(others);
  waiting.look(tasks);
}
