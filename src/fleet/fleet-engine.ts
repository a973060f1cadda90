/** The use cases of one process among several that share a store: tasks are all of theirs, and so is what is told of them. */
import type { WatchFilter, WatchListener } from "../engine/engine.ts";
import type { Server } from "../engine/explain.ts";
import { LocalEngine } from "../engine/local-engine.ts";
import type {
  ActionView,
  NodeView,
  QueueView,
  StatsView,
  TaskView,
  WatchEvent,
  WorkerView,
} from "../protocol/messages.ts";
import { addRates, worse } from "../protocol/rates.ts";
import { isTaskId } from "../task/id.ts";
import type { Links } from "./links.ts";
import type { NodeInfo, Presence, Rates } from "./presence.ts";
import { withActionRates, withQueueRates } from "./rates-elsewhere.ts";
import type { Waiting } from "./waiting.ts";
import type { WatchRelay } from "./watch-relay.ts";
import type { WorkerOrders } from "./worker-orders.ts";

export type FleetParts = {
  links: Links;
  presence: Presence;
  waiting: Waiting;
  relay: WatchRelay;
  orders: WorkerOrders;
};

export class FleetEngine extends LocalEngine {
  readonly #fleet: FleetParts;
  readonly #now: () => number;

  constructor(fleet: FleetParts, ...own: ConstructorParameters<typeof LocalEngine>) {
    super(...own);
    this.#fleet = fleet;
    this.#now = own[0].now;
  }

  /** Whatever is heard first, here or from elsewhere; and the row, where neither is heard. */
  override async watch(filter: WatchFilter, listener: WatchListener): Promise<{ stop: () => void }> {
    const stops: { stop: () => void }[] = [];
    const stop = (): void => {
      for (const one of stops.splice(0)) one.stop();
    };
    let isOver = false;
    const hear: WatchListener = (events, isLast) => {
      if (isOver) return;
      isOver = isLast;
      if (!isLast) return listener(events, false);
      stop();
      void this.#complete(events).then((whole) => listener(whole, true));
    };
    stops.push(this.#fleet.relay.want(filter, hear));
    const { task } = filter;
    if (isTaskId(task)) {
      const look = (): void => {
        super.get(task).then(
          (view) => hear([stateOf(view, this.#now())], true),
          () => {},
        );
      };
      stops.push(this.#fleet.waiting.watch(task, look));
    }
    try {
      const local = await super.watch(filter, hear);
      // It may be over by now.
      if (isOver) local.stop();
      else stops.push(local);
    } catch (error) {
      stop();
      throw error;
    }
    return { stop };
  }

  override async actions(): Promise<ActionView[]> {
    await this.#fleet.links.refreshActions();
    const { links, presence } = this.#fleet;
    const [own, others] = await Promise.all([super.actions(), presence.look()]);
    return withActionRates(own, others).map((view) => {
      const meanRunMs = view.meanRunMs ?? links.meanMs(view.action) ?? presence.meanMs(view.action);
      return meanRunMs === null ? view : { ...view, meanRunMs };
    });
  }

  /** What waits is the store's to count; who did how much is told by each. */
  override async queues(): Promise<QueueView[]> {
    const [own, others] = await Promise.all([super.queues(), this.#fleet.presence.look()]);
    return withQueueRates(own, others);
  }

  override async workers(): Promise<WorkerView[]> {
    const [own, others] = await Promise.all([super.workers(), this.#fleet.presence.look()]);
    const all = [...own, ...others.flatMap(({ workers }) => workers)];
    return all.sort((a, b) => a.node - b.node || (a.worker < b.worker ? -1 : 1));
  }

  override async drainWorker(worker: string): Promise<WorkerView> {
    if (this.isOwnWorker(worker)) return super.drainWorker(worker);
    return this.#fleet.orders.give("drain", worker);
  }

  override async resumeWorker(worker: string): Promise<WorkerView> {
    if (this.isOwnWorker(worker)) return super.resumeWorker(worker);
    return this.#fleet.orders.give("resume", worker);
  }

  override async nodes(): Promise<NodeView[]> {
    const [own, others] = await Promise.all([super.nodes(), this.#fleet.presence.look()]);
    return [...own, ...others.map(({ node }) => node)].sort((a, b) => a.node - b.node);
  }

  /** Counts are the store's; rates and what is in hand are added up. */
  override async stats(): Promise<StatsView> {
    const [own, others] = await Promise.all([super.stats(), this.#fleet.presence.look()]);
    return others.reduce((sum, { rates }) => (rates === null ? sum : { ...sum, ...add(sum, rates) }), own);
  }

  protected override async servers(action: string): Promise<Server[]> {
    const [own, others] = await Promise.all([super.servers(action), this.#fleet.presence.look()]);
    const serving = others.filter(({ actions }) => actions.includes(action));
    return [...own, ...serving.map(asServer)];
  }

  /** What others are to know of this process. */
  async describe(
    actions: readonly string[],
    meanMs: (action: string) => number | null,
  ): Promise<Omit<NodeInfo, "v">> {
    const [[node], workers] = await Promise.all([super.nodes(), super.workers()]);
    const { perSecond, startDelayMs, runMs, inFlight, inFlightBytes, connections, threads } = this.rates();
    const rates = { perSecond, startDelayMs, runMs, inFlight, inFlightBytes, connections, threads };
    const means = actions.flatMap((action) => {
      const mean = meanMs(action);
      return mean === null ? [] : [[action, mean] as const];
    });
    return {
      node: node!,
      workers,
      rates,
      actions,
      means: Object.fromEntries(means),
      queueRates: this.lately.queues(),
      actionRates: this.lately.actions(),
    };
  }

  /** The last event of a task shows its row, also where that did not travel with it. */
  async #complete(events: readonly WatchEvent[]): Promise<readonly WatchEvent[]> {
    const last = events.at(-1);
    if (last?.type !== "state" || last.view !== undefined) return events;
    try {
      const { payload: _payload, ...view } = await super.get(last.task);
      return [...events.slice(0, -1), { ...last, view }];
    } catch {
      return events;
    }
  }
}

function asServer({ node, workers }: NodeInfo): Server {
  const isStopping = node.state === "draining";
  // Who stops says that it drains as well.
  const isDrained = !isStopping && workers.some(({ state }) => state === "draining");
  return { worker: `${node.node}`, isDrained, isStopping };
}

function stateOf({ payload: _payload, ...view }: TaskView, now: number): WatchEvent {
  const { task, action, queue, state, attempt } = view;
  return { type: "state", at: view.finishedAt ?? now, task, action, queue, state, attempt, view };
}

function add(a: Rates, b: Rates): Rates {
  const { threads } = a;
  return {
    perSecond: addRates(a.perSecond, b.perSecond),
    startDelayMs: worse(a.startDelayMs, b.startDelayMs),
    runMs: worse(a.runMs, b.runMs),
    inFlight: a.inFlight + b.inFlight,
    inFlightBytes: a.inFlightBytes + b.inFlightBytes,
    connections: a.connections + b.connections,
    threads: { total: threads.total + b.threads.total, busy: threads.busy + b.threads.busy },
  };
}
