/** Every process of a topology, and how it is told in a few words. */
import { balancerPlan, chooseBalancer } from "./balancer-plan.ts";
import { compact } from "./live-table.ts";
import type { ProcessPlan } from "./process-plan.ts";
import { privateServers } from "./servers/private-servers.ts";
import { clusterPlans, sharedPlans, type TandaPlan, type TandaSetup } from "./tanda-plans.ts";
import type { SharedParts, Topology } from "./topology.ts";

export type Plans = {
  /** As in the drawing: from where clients come in to where things are kept. */
  readonly plans: readonly ProcessPlan[];
  /** "3 nodes behind haproxy" */
  readonly title: string;
  /** For a person. */
  readonly notes: readonly string[];
};

type Behind = Plans & { readonly doors: readonly TandaPlan[] };

/** @throws unavailable when a program is missing. */
export async function plansOf(topology: Topology, setup: TandaSetup): Promise<Plans> {
  const env = withoutOurs(setup.env);
  const kind = topology.balancer ?? chooseBalancer(env);
  const { plans, title, notes, doors } = await plansBehind(topology, setup, env);
  const balancer = balancerPlan(kind, topology.listen, doors, { ...setup, env });
  const front = kind === "builtin" ? "the built-in balancer" : kind;
  return { plans: [balancer, ...plans], title: `${title} behind ${front}`, notes };
}

async function plansBehind(topology: Topology, setup: TandaSetup, env: NodeJS.ProcessEnv): Promise<Behind> {
  const { parts } = topology;
  if (parts.kind === "shared") return sharedBehind(topology, parts, setup, env);
  const plans = clusterPlans(topology, parts, setup);
  return { plans, doors: plans, title: counted(parts.nodes, "node"), notes: [] };
}

async function sharedBehind(
  topology: Topology,
  parts: SharedParts,
  setup: TandaSetup,
  env: NodeJS.ProcessEnv,
): Promise<Behind> {
  const { servers } = parts;
  const used =
    servers === "private"
      ? await privateServers({ folder: setup.folder, env })
      : { plans: [], servers, env: {}, notes: [] };
  const after = used.plans.map(({ name }) => name);
  const ours = sharedPlans(topology, parts, { servers: used.servers, env: used.env, after }, setup);
  const doors = ours.filter(({ role }) => role === "gateway");
  const workers = ours.filter(({ role }) => role === "worker");
  const queue = used.plans.filter(({ role }) => role === "queue");
  const others = used.plans.filter(({ role }) => role !== "queue");
  const title = `${counted(parts.gateways, "gateway")} and ${counted(parts.workers, "worker")}`;
  return { plans: [...doors, ...queue, ...workers, ...others], doors, title, notes: used.notes };
}

/** For programs that are not nodes: none of it, and no token, is for them. */
function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("TANDA_")));
}

export function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${compact(count)} ${what}s`;
}
