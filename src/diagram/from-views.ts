/** The system that runs, as its nodes tell it. */
import type { NodeView, StatsView, WorkerView } from "../protocol/messages.ts";
import type { State } from "../task/state.ts";
import type { Box, System } from "./picture.ts";
import { nameOf, serversOf, type ServerKinds } from "./servers.ts";

export type Views = {
  readonly nodes: readonly NodeView[];
  readonly workers: readonly WorkerView[];
  readonly stats: StatsView;
  /** HOST:PORT that was asked; null when it was not one. */
  readonly asked: string | null;
};

const WAITING: readonly State[] = ["scheduled", "queued", "retrying"];

export function systemOfViews({ nodes, workers, stats, asked }: Views): System {
  const boxOf = (kind: string) => (view: NodeView) => nodeBox(kind, view, workers);
  const isGateway = ({ roles }: NodeView): boolean => roles.includes("gateway");
  const isWorker = ({ roles }: NodeView): boolean => roles.includes("worker");
  const kinds = nodes.find(({ uses }) => uses !== undefined)?.uses ?? null;
  const isShared = kinds !== null && kinds.store !== "sqlite";
  // Of a node that is down nobody knows its roles.
  const both = nodes.filter((view) => isGateway(view) === isWorker(view));
  return {
    title: titleOf(nodes, stats),
    balancer: isBehind(nodes, asked) ? ["balancer", asked!] : null,
    gateways: nodes.filter((view) => isGateway(view) && !isWorker(view)).map(boxOf("gateway")),
    workers: nodes.filter((view) => isWorker(view) && !isGateway(view)).map(boxOf("worker")),
    nodes: both.map(boxOf("node")),
    servers: isShared ? serversOf(kinds, countsOf(kinds, stats)) : null,
  };
}

function titleOf(nodes: readonly NodeView[], { states, perSecond }: StatsView): string {
  const version = nodes.find((view) => view.version !== "")?.version ?? "";
  const done = `${counted(states.done ?? 0, "task")} done, ${count(waitingOf(states))} waiting`;
  return `Tanda ${version}: ${done}, ${count(perSecond.finished)} a second`;
}

function nodeBox(kind: string, view: NodeView, workers: readonly WorkerView[]): Box {
  const { node, state, roles, uses, listen, connections } = view;
  const isDown = state === "down";
  const threads = workers.filter((worker) => worker.node === node).flatMap((worker) => worker.threads);
  const busy = threads.filter((thread) => thread.state === "busy" || thread.state === "stuck").length;
  const works = roles.includes("worker") ? [`${counted(threads.length, "thread")}, ${busy} busy`] : [];
  const keeps = uses?.store === "sqlite" ? [nameOf(uses.store)] : [];
  const lets = roles.includes("gateway") ? [counted(connections, "connection")] : [];
  return {
    id: `${kind}_${node}`,
    shape: "process",
    lines: [
      `${kind} ${node}${state === "ready" ? "" : `, ${state.replace("_", " ")}`}`,
      ...listen,
      ...(isDown ? [] : [...lets, ...works, ...keeps]),
    ],
    isDown,
  };
}

/** Asked at an address where none of them listens: somebody stands between. */
function isBehind(nodes: readonly NodeView[], asked: string | null): boolean {
  if (asked === null) return false;
  const port = asked.slice(asked.lastIndexOf(":"));
  return !nodes.some(({ listen }) => listen.some((address) => address.endsWith(port)));
}

function countsOf(
  { queue }: ServerKinds,
  { states }: StatsView,
): Record<keyof ServerKinds, readonly string[]> {
  const all = Object.values(states).reduce((sum, one) => sum + one, 0);
  return {
    queue: queue === "embedded" ? [] : [`${count(waitingOf(states))} waiting`],
    store: [counted(all, "task")],
    blobs: [],
  };
}

function waitingOf(states: StatsView["states"]): number {
  return WAITING.reduce((sum, state) => sum + (states[state] ?? 0), 0);
}

function counted(value: number, what: string): string {
  return `${count(value)} ${what}${value === 1 ? "" : "s"}`;
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}
