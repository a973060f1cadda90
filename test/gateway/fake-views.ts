/** What the fake engine tells of itself: its actions, worker, node and figures, always the same. */

/** By name, with the schema of what they take. */
export const ACTIONS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["echo", {}],
  ["upper", { type: "string" }],
  ["sleep", { type: "number" }],
  ["hold", {}],
  ["fail", {}],
  ["large", { type: "number" }],
]);

export const WORKER = {
  worker: "w1",
  node: 1,
  pid: 1,
  state: "running" as const,
  startedAt: 0,
  rssBytes: 1,
  threads: [{ thread: 0, state: "busy" as const, tasks: [] }],
};

export const NODE = {
  node: 1,
  pid: 1,
  version: "0",
  roles: ["gateway"],
  state: "ready" as const,
  startedAt: 0,
  rssBytes: 1,
  connections: 1,
  listen: [],
};

/** With a name of an action that must be escaped in metrics. */
export const STATS = {
  at: 0,
  uptimeMs: 1,
  counts: [{ queue: "default", action: 'we"ird\n', state: "done" as const, count: 3 }],
  states: { done: 3 },
  perSecond: { submitted: 0, finished: 0, failed: 0 },
  startDelayMs: { p50: 1, p99: 1 },
  runMs: { p50: 1, p99: 1 },
  inFlight: 0,
  inFlightBytes: 0,
  connections: 1,
  threads: { total: 1, busy: 1 },
  eventLoopLagMs: 0,
  storeBytes: 5,
};
