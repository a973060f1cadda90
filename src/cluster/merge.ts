/** What several nodes tell, as one. Pure. A node that could not be asked is named in `missing`: nothing is guessed. */
import type {
  ActionView,
  HistoryPoint,
  HistoryView,
  NodeView,
  QueueView,
  StatsView,
  TaskView,
} from "../protocol/messages.ts";
import type { AuditPage } from "../protocol/access.ts";
import { addActionRates, addRates, worse } from "../protocol/rates.ts";
import type { State } from "../task/state.ts";

export type TaskPage = { tasks: TaskView[]; next: string | null; missing?: number[] };

/** What each node told, and the numbers of those that told nothing. */
export type Told<T> = {
  readonly parts: readonly { node: number; value: T }[];
  readonly missing: readonly number[];
};

/** By number. Of those that are down nothing is known but where they should listen. */
export function mergeNodes(
  { parts, missing }: Told<NodeView[]>,
  addressOf: (node: number) => string,
): NodeView[] {
  const down = missing.map((node): NodeView => {
    const nothing = { pid: 0, version: "", roles: [], startedAt: 0, rssBytes: 0, connections: 0 };
    return { node, ...nothing, state: "down", listen: [addressOf(node)] };
  });
  return [...parts.flatMap(({ value }) => value), ...down].sort((a, b) => a.node - b.node);
}

/** Newest first; its end is as that of {@link mergePages}. */
export function mergeAudit({ parts, missing }: Told<AuditPage>, limit = 100): AuditPage {
  const edges = parts.flatMap(({ value }) => (value.next === null ? [] : [value.next]));
  const edge = edges.reduce((newest, next) => (next > newest ? next : newest), "");
  const entries = parts
    .flatMap(({ value }) => value.entries)
    .filter(({ id }) => id >= edge)
    .sort((a, b) => (a.id < b.id ? 1 : -1));
  const page = entries.slice(0, limit);
  const next = entries.length > limit ? page.at(-1)!.id : edge === "" ? null : edge;
  return { entries: page, next, ...(missing.length > 0 ? { missing: [...missing] } : {}) };
}

/**
 * Newest first. A page with a `next` says nothing of what is older than that, so the merged page ends at the newest `next`,
 * and asking on from there misses nothing.
 */
export function mergePages({ parts, missing }: Told<TaskPage>, limit: number): TaskPage {
  const edges = parts.flatMap(({ value }) => (value.next === null ? [] : [value.next]));
  const edge = edges.reduce((newest, next) => (next > newest ? next : newest), "");
  const tasks = parts
    .flatMap(({ value }) => value.tasks)
    .filter(({ task }) => task >= edge)
    .sort((a, b) => (a.task < b.task ? 1 : -1));
  const isLonger = tasks.length > limit;
  const page = tasks.slice(0, limit);
  return {
    tasks: page,
    next: isLonger ? page.at(-1)!.task : edge === "" ? null : edge,
    ...told(missing),
  };
}

export function mergeQueues({ parts, missing }: Told<QueueView[]>): QueueView[] {
  const merged = new Map<string, QueueView>();
  for (const { value: queues } of parts) {
    for (const view of queues) {
      const other = merged.get(view.queue);
      const perSecond = addRates(other?.perSecond, view.perSecond);
      const sum = other ? mergeQueue(other, view) : { ...view, ...told(missing) };
      merged.set(view.queue, { ...sum, perSecond });
    }
  }
  for (const view of merged.values()) {
    const modes = parts.map(({ node, value }) => {
      const mode = value.find(({ queue }) => queue === view.queue)?.mode ?? "open";
      return { node, mode };
    });
    if (modes.every(({ mode }) => mode === modes[0]!.mode)) continue;
    view.modes = modes;
    view.mode = STRICTEST.find((mode) => modes.some((of) => of.mode === mode))!;
  }
  return [...merged.values()].sort((a, b) => (a.queue < b.queue ? -1 : 1));
}

const STRICTEST: readonly QueueView["mode"][] = ["paused", "draining", "open"];

function mergeQueue(a: QueueView, b: QueueView): QueueView {
  const ages = [a.oldestAgeMs, b.oldestAgeMs].filter((age) => age !== null);
  return {
    ...a,
    counts: addStates(a.counts, b.counts),
    waiting: a.waiting + b.waiting,
    oldestAgeMs: ages.length === 0 ? null : Math.max(...ages),
  };
}

/** An action is served when somebody serves it, and its figures add up; the rest as the first node tells it. */
export function mergeActions({ parts }: Told<ActionView[]>): ActionView[] {
  const merged = new Map<string, ActionView>();
  for (const view of parts.flatMap(({ value }) => value)) {
    const other = merged.get(view.action);
    const told = !other || (view.isServed && !other.isServed) ? view : other;
    merged.set(view.action, { ...told, ...addActionRates(other, view) });
  }
  return [...merged.values()].sort((a, b) => (a.action < b.action ? -1 : 1));
}

/** Sums; of what has no sum (delays, lag) the worst node's. `at` and `uptimeMs` are the first node's. */
export function mergeStats({ parts, missing }: Told<StatsView>): StatsView {
  const merged = parts.map(({ value }) => value).reduce(addStats);
  return { ...merged, ...told(missing) };
}

function addStats(a: StatsView, b: StatsView): StatsView {
  const counts = new Map<string, StatsView["counts"][number]>();
  for (const one of [...a.counts, ...b.counts]) {
    const name = JSON.stringify([one.queue, one.action, one.state]);
    counts.set(name, { ...one, count: one.count + (counts.get(name)?.count ?? 0) });
  }
  return {
    at: a.at,
    uptimeMs: a.uptimeMs,
    counts: [...counts.values()],
    states: addStates(a.states, b.states),
    perSecond: addRates(a.perSecond, b.perSecond),
    startDelayMs: worse(a.startDelayMs, b.startDelayMs),
    runMs: worse(a.runMs, b.runMs),
    inFlight: a.inFlight + b.inFlight,
    inFlightBytes: a.inFlightBytes + b.inFlightBytes,
    connections: a.connections + b.connections,
    threads: { total: a.threads.total + b.threads.total, busy: a.threads.busy + b.threads.busy },
    eventLoopLagMs: Math.max(a.eventLoopLagMs, b.eventLoopLagMs),
    storeBytes: a.storeBytes + b.storeBytes,
  };
}

/** Step by step: what a node has nothing to say of counts as nothing. */
export function mergeHistory({ parts, missing }: Told<HistoryView>): HistoryView {
  const merged = new Map<number, HistoryPoint>();
  for (const point of parts.flatMap(({ value }) => value.points)) {
    const other = merged.get(point.at);
    merged.set(point.at, other ? addPoints(other, point) : point);
  }
  const points = [...merged.values()].sort((a, b) => a.at - b.at);
  const { window, stepMs } = parts[0]!.value;
  return { window, stepMs, points, ...told(missing) };
}

function addPoints(a: HistoryPoint, b: HistoryPoint): HistoryPoint {
  return {
    at: a.at,
    perSecond: addRates(a.perSecond, b.perSecond),
    startDelayMs: worse(a.startDelayMs, b.startDelayMs),
    runMs: worse(a.runMs, b.runMs),
    waiting: a.waiting + b.waiting,
    inFlight: a.inFlight + b.inFlight,
    threads: { total: a.threads.total + b.threads.total, busy: a.threads.busy + b.threads.busy },
  };
}

type Counts = Partial<Record<State, number>>;

function addStates(a: Counts, b: Counts): Counts {
  const sum: Counts = { ...a };
  for (const [state, count] of Object.entries(b) as [State, number][]) sum[state] = (sum[state] ?? 0) + count;
  return sum;
}

function told(missing: readonly number[]): { missing?: number[] } {
  return missing.length === 0 ? {} : { missing: [...missing] };
}
