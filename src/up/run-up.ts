/** `tanda up`: from a topology to running processes and back to none. */
import { mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import { formatAddress } from "../gateway/listen.ts";
import { balancerPlan, chooseBalancer } from "./balancer-plan.ts";
import { Ensemble } from "./ensemble.ts";
import { changeText, LiveView, type Output } from "./live-view.ts";
import { compact } from "./live-table.ts";
import { cutLog, lastWords } from "./log-file.ts";
import { checkPorts } from "./ports.ts";
import type { ProcessPlan } from "./process-plan.ts";
import { rowsOf, spreadText, totalOf, type Row } from "./row.ts";
import { privateServers } from "./servers/private-servers.ts";
import { PACE, type State, type Supervised } from "./supervised.ts";
import { clusterPlans, sharedPlans, type TandaSetup } from "./tanda-plans.ts";
import type { Topology } from "./topology.ts";

export type UpOptions = {
  readonly topology: Topology;
  readonly setup: TandaSetup;
  readonly output: Output;
  /** Resolves with the next signal that asks to stop. */
  readonly nextSignal: () => Promise<void>;
  readonly now: () => number;
};

/** Whoever was here before may need a while to go. */
const PORTS_FREE_WITHIN_MS = 6000;
const REFRESH_MS = 1000;

/** @returns whether it went in order: not when it was ended by force, or could not start. */
export async function runUp({ topology, setup, output, nextSignal, now }: UpOptions): Promise<boolean> {
  mkdirSync(setup.folder, { recursive: true });
  const others = { ...setup, env: withoutOurs(setup.env) };
  const kind = topology.balancer ?? chooseBalancer(others.env);
  const { plans, title, notes } = await partsOf(topology, setup);
  const open = plans.flatMap(({ name, role, port }) =>
    port !== null && (role === "node" || role === "gateway") ? [{ name, port }] : [],
  );
  // As in the drawing: from where clients come in to where things are kept.
  const all = [balancerPlan(kind, topology.listen, open, others), ...plans];
  await checkPorts(all, PORTS_FREE_WITHIN_MS);

  const ensemble = new Ensemble(all, { now, pace: PACE, onState: (process) => changed(process) });
  const listen = formatAddress(topology.listen);
  const view = new LiveView(
    output,
    {
      title: `${title} behind ${kind === "builtin" ? "the built-in balancer" : kind}`,
      listen,
      hint: `Ctrl+C lets running tasks end and stops all. Logs: ${join(relative(process.cwd(), setup.folder), "*.log")}`,
      startedAt: now(),
    },
    now,
  );
  const rows = (): Row[] => rowsOf(ensemble.processes);
  const hopeless = Promise.withResolvers<"hopeless">();
  const changed = (process: Supervised): void => {
    const row = rows().find(({ name }) => name === process.plan.name)!;
    view.say(stateEvent(row), changeText(row, now(), output.paint) + lastSaid(process), rows());
    if (process.state.is === "failed") hopeless.resolve("hopeless");
  };
  const timer = setInterval(() => {
    for (const { plan } of ensemble.processes) cutLog(plan.logFile);
    view.refresh(rows());
  }, REFRESH_MS);
  for (const note of notes) view.say({ event: "note", note }, note, rows());
  ensemble.start();
  void ensemble.allReady().then(() => {
    const event = { event: "ready", listen, pids: ensemble.processes.map(({ pid }) => pid) };
    view.say(
      event,
      `all is ready: ${output.paint("cyan", `npx tanda run upper hola --server ${listen}`)}`,
      rows(),
    );
  });
  const first = await Promise.race([nextSignal().then(() => "signal" as const), hopeless.promise]);
  view.say(
    { event: "draining" },
    "stopping: what runs may end, nothing new comes in; again ends at once",
    rows(),
  );
  const stopping = ensemble.stop().then(() => "stopped" as const);
  const last = await Promise.race([stopping, nextSignal().then(() => "signal" as const)]);
  if (last === "signal") {
    view.say(
      { event: "ending" },
      "ended at once; what was accepted is kept and goes on at the next start",
      rows(),
    );
    await ensemble.end();
  }
  clearInterval(timer);
  const { done } = totalOf(rows());
  const spread = spreadText(rows());
  view.say(
    { event: "stopped", done },
    `stopped; ${counted(done, "task")} done${spread && `: ${spread}`}`,
    rows(),
  );
  view.close();
  return first === "signal" && last === "stopped";
}

type Parts = {
  readonly plans: readonly ProcessPlan[];
  readonly title: string;
  readonly notes: readonly string[];
};

async function partsOf(topology: Topology, setup: TandaSetup): Promise<Parts> {
  const { parts } = topology;
  if (parts.kind === "cluster") {
    const plans = clusterPlans(topology, parts, setup);
    return { plans, title: counted(parts.nodes, "node"), notes: [] };
  }
  const title = `${counted(parts.gateways, "gateway")} and ${counted(parts.workers, "worker")}`;
  if (parts.servers !== "private")
    return {
      plans: sharedPlans(topology, parts, { servers: parts.servers, env: {}, after: [] }, setup),
      title,
      notes: [],
    };
  const own = await privateServers({ ...setup, env: withoutOurs(setup.env) });
  const after = own.plans.map(({ name }) => name);
  const [gateways, workers] = Map.groupBy(
    sharedPlans(topology, parts, { ...own, after }, setup),
    ({ role }) => role === "worker",
  ).values();
  const isQueue = ({ role }: ProcessPlan): boolean => role === "queue";
  const kept = own.plans.filter((plan) => !isQueue(plan));
  const plans = [...gateways!, ...own.plans.filter(isQueue), ...workers!, ...kept];
  return { plans, title, notes: own.notes };
}

/** For programs that are not nodes: none of it, and no token, is for them. */
function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("TANDA_")));
}

function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${compact(count)} ${what}s`;
}

function stateEvent({ name, role, pid, address, state, restarts }: Row): object {
  const { is, ...more } = state as State & { why?: string; at?: number };
  const why = more.why === undefined ? {} : { why: more.why };
  const until = more.at === undefined ? {} : { restartAt: more.at };
  return { event: "state", name, role, pid, address, state: is, restarts, ...why, ...until };
}

/** Of one that ended by itself: its log says why, at the end. */
function lastSaid({ state, plan }: Supervised): string {
  const isOdd = (state.is === "restarting" && !state.why.startsWith("killed")) || state.is === "failed";
  const words = isOdd ? lastWords(plan.logFile) : null;
  return words === null ? "" : ` (${words.slice(0, 200)})`;
}
