/** The node's own facts: queues, workers, rates. */
import type { ActionView, NodeView, QueueView, StatsView, WorkerView } from "../protocol/messages.ts";
import { STATES, type State } from "../task/state.ts";
import { PRIORITIES } from "../task/task.ts";
import type { WorkerFace } from "../worker/worker-face.ts";
import type { EngineParts } from "./parts.ts";

export type NodeFacts = {
  readonly node: number;
  readonly pid: number;
  readonly version: string;
  readonly startedAt: number;
  readonly roles: readonly string[];
  readonly uses?: NonNullable<NodeView["uses"]>;
  connections: () => number;
  listen: () => string[];
  bytesInFlight: () => number;
  /** Milliseconds: the longest of the last ten seconds. */
  eventLoopLagMs: () => number;
};

export async function queueViews(parts: EngineParts): Promise<QueueView[]> {
  const views = new Map<string, QueueView>();
  const view = (queue: string): QueueView => {
    let found = views.get(queue);
    if (!found) {
      const mode = parts.admission.queueMode(queue);
      const perSecond = parts.lately.ofQueue(queue);
      found = { queue, mode, counts: {}, waiting: 0, oldestAgeMs: null, perSecond };
      views.set(queue, found);
    }
    return found;
  };
  view("default");
  for (const queue of parts.admission.queuesNotOpen()) view(queue);
  for (const { name, queue } of parts.catalogue.all()) if (parts.catalogue.isServed(name)) view(queue);
  for (const { queue, state, count } of await parts.store.counts()) {
    const { counts } = view(queue);
    counts[state] = (counts[state] ?? 0) + count;
  }
  const now = parts.now();
  for (const depth of parts.queue.depths()) {
    const found = view(depth.queue);
    found.waiting = depth.waiting;
    if (depth.oldestAt !== null) found.oldestAgeMs = Math.max(0, now - depth.oldestAt);
  }
  for (const found of views.values()) {
    const rows = found.counts.queued ?? 0;
    // Rides wait without a row; rows may wait beyond the window.
    found.waiting = Math.max(found.waiting, rows);
    // Right after a start or a resume nothing of them may be in the window yet.
    if (rows > 0 && found.oldestAgeMs === null)
      found.oldestAgeMs = await oldestAgeMs(parts, found.queue, now);
  }
  return [...views.values()].sort((a, b) => (a.queue < b.queue ? -1 : 1));
}

async function oldestAgeMs({ store }: EngineParts, queue: string, now: number): Promise<number | null> {
  const heads = await Promise.all(PRIORITIES.map((_, priority) => store.backlog(queue, priority, null, 1)));
  const ages = heads.flat().map(({ dueAt, createdAt }) => Math.max(0, now - (dueAt ?? createdAt)));
  return ages.length === 0 ? null : Math.max(...ages);
}

export function actionViews(parts: EngineParts, worker: WorkerFace): ActionView[] {
  const [pool] = worker.pools();
  return parts.catalogue.all().map((action) => {
    const view: ActionView = {
      action: action.name,
      queue: action.queue,
      priority: PRIORITIES[action.priority],
      attempts: action.policy.attempts,
      timeoutMs: action.policy.timeoutMs,
      isServed: parts.catalogue.isServed(action.name),
      ...parts.lately.ofAction(action.name),
    };
    if (action.description !== null) view.description = action.description;
    if (action.concurrency !== null) view.concurrency = action.concurrency;
    const meanRunMs = pool?.meanMs(action.name) ?? null;
    if (meanRunMs !== null) view.meanRunMs = meanRunMs;
    if (action.input !== null && action.input !== undefined) view.input = action.input;
    if (action.output !== null && action.output !== undefined) view.output = action.output;
    return view;
  });
}

export function workerViews(parts: EngineParts, worker: WorkerFace, facts: NodeFacts): WorkerView[] {
  const isDraining = worker.isDrained || parts.admission.health.state === "draining";
  return worker.pools().map((pool, index) => ({
    worker: index === 0 ? `${facts.node}` : `${facts.node}.quarantine-${index}`,
    node: facts.node,
    pid: pool.pid ?? 0,
    state: isDraining ? "draining" : pool.pid === null ? "starting" : "running",
    startedAt: facts.startedAt,
    rssBytes: pool.rssBytes(),
    threads: [...pool.threads()],
  }));
}

/** What a process measures of itself; the store's part is not in it. */
export type RatesView = Omit<StatsView, "counts" | "states" | "storeBytes" | "missing">;

export function ratesView(parts: EngineParts, worker: WorkerFace, facts: NodeFacts): RatesView {
  const threads = worker.pools().flatMap((pool) => [...pool.threads()]);
  const { recent, now } = parts;
  return {
    at: now(),
    uptimeMs: now() - facts.startedAt,
    perSecond: recent.perSecond(),
    startDelayMs: { p50: recent.startDelay.quantileMs(0.5), p99: recent.startDelay.quantileMs(0.99) },
    runMs: { p50: recent.run.quantileMs(0.5), p99: recent.run.quantileMs(0.99) },
    inFlight: parts.flights.size,
    inFlightBytes: facts.bytesInFlight(),
    connections: facts.connections(),
    threads: {
      total: threads.length,
      busy: threads.filter((thread) => thread.state === "busy" || thread.state === "stuck").length,
    },
    eventLoopLagMs: facts.eventLoopLagMs(),
  };
}

export async function statsView(
  parts: EngineParts,
  worker: WorkerFace,
  facts: NodeFacts,
): Promise<StatsView> {
  const [counts, storeBytes] = await Promise.all([parts.store.counts(), parts.store.size()]);
  const states: Partial<Record<State, number>> = {};
  for (const state of STATES) {
    const count = counts.reduce((sum, one) => (one.state === state ? sum + one.count : sum), 0);
    if (count > 0) states[state] = count;
  }
  return { ...ratesView(parts, worker, facts), counts, states, storeBytes };
}
