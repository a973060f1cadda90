/** One history: a system, those who use it, and what goes wrong, all told by a seed. First safety; then, with all healed, that it ends. */
import { Broker } from "./broker.ts";
import { BusModel } from "./bus.ts";
import { Customer, type Order } from "./customers.ts";
import { Database } from "./database.ts";
import { Nemesis } from "./nemesis.ts";
import { Rules } from "./rules.ts";
import { SimNode, type Surroundings } from "./sim-node.ts";
import type { Execution } from "./threads.ts";
import { VirtualTime } from "./virtual-time.ts";
import { Network } from "./wire.ts";

export type Told = {
  readonly seed: number;
  readonly broken: readonly string[];
  readonly shape: string;
  readonly virtualMs: number;
  readonly events: number;
  readonly orders: number;
  readonly executions: number;
  /** Runs beyond the first of each attempt that was needed. */
  readonly again: number;
  readonly struck: ReadonlyMap<string, number>;
  /** The same for the same seed and code. */
  readonly print: string;
};

const UP_WITHIN_MS = 30_000;
const TROUBLE_MS = 25_000;
/** The sweeper looks for what is unseen after 20 s, doubling. */
const QUIET_MS = 900_000;
/** In some histories a queue is let go only then: what waits long is published seldom. */
const LONG_PAUSE_MS = 500_000;
const LONG_PAUSE_EACH = 40;

/** Only systems of one kind, struck by some faults alone, and often. */
export type Narrowed = { readonly isAlone: boolean; readonly faults: readonly string[] };

/** @param tell what happens, as it does, with its moment: for who looks into one history. */
export async function runHistory(
  seed: number,
  tell: (text: string) => void = () => {},
  narrowed: Narrowed | null = null,
): Promise<Told> {
  const time = new VirtualTime(seed, tell);
  time.install();
  try {
    return await history(time, seed, narrowed);
  } finally {
    time.restore();
  }
}

async function history(time: VirtualTime, seed: number, narrowed: Narrowed | null): Promise<Told> {
  // A node alone with its store goes by its own clock, right or wrong.
  const rules = new Rules(time, () => (isAlone ? Infinity : database.now));
  const database = new Database(time, rules);
  const network = new Network(time);
  const isAlone = narrowed?.isAlone ?? time.chance() < 0.3;
  const company = isAlone ? null : { broker: new Broker(time), bus: new BusModel(time) };
  const executions: Execution[] = [];
  const orders: Order[] = [];
  const deaths = { share: 0 };
  const leaseMs = time.pick([2000, 4000, 10_000]);
  const around: Surroundings = {
    time,
    database,
    company,
    network,
    executions,
    deaths: () => deaths.share,
    leaseMs,
  };
  const nodes = isAlone ? [new SimNode(0, ["gateway", "worker"], around)] : fleet(time, around);
  for (const node of nodes) node.start();
  const isEachUp = (): boolean => nodes.every(({ isUp }) => isUp);
  if (!(await time.run(UP_WITHIN_MS, isEachUp))) rules.complain("it did not start");

  const doors = nodes.filter(({ roles }) => roles.includes("gateway"));
  const customers = Array.from({ length: 3 }, (_, number) => {
    const first = Math.floor(time.chance() * doors.length);
    const inTurn = doors.map((_door, i) => doors[(first + i) % doors.length]!);
    return new Customer({
      time,
      number,
      orders,
      keys: 4,
      complain: rules.complain,
      transports: (client) =>
        inTurn.map((node) => network.transport(`node ${node.number}`, client, node.doorway)),
    });
  });
  const nemesis = new Nemesis(
    { time, nodes, customers, database, company, network, leaseMs, deaths },
    narrowed?.faults ?? null,
  );
  const begin = time.now;
  const count = Math.floor(time.between(20, 90));
  for (let n = 0; n < count; n++)
    time.after(time.between(0, TROUBLE_MS), null, () => time.pick(customers).order());
  nemesis.strike(Math.floor(time.between(1, 8)), TROUBLE_MS);
  await time.run(begin + TROUBLE_MS);

  nemesis.heal(company !== null && seed % LONG_PAUSE_EACH === 0 ? LONG_PAUSE_MS : 0);
  const healedAt = time.now;
  const isOver = (): boolean =>
    orders.every(({ outcome }) => outcome !== "open") &&
    executions.every(({ endedAt, actor }) => endedAt !== null || actor.isDead) &&
    database.tasks(({ finishedAt }) => finishedAt === null).length === 0;
  await time.run(healedAt + QUIET_MS, isOver);
  const overAt = time.now;
  // What is told late is told now.
  await time.run(overAt + 2000);
  rules.end({ database, orders, executions, isAlone, healedAt, leaseMs, isCalm: nemesis.isCalm });
  const attempts = new Set(executions.map(({ task, attempt }) => `${task} ${attempt}`));
  return {
    seed,
    broken: rules.broken,
    shape: isAlone ? "alone" : `${nodes.length} nodes`,
    virtualMs: time.now,
    events: time.spent,
    orders: orders.length,
    executions: executions.length,
    again: executions.length - attempts.size,
    struck: nemesis.struck,
    print: `${time.spent} ${time.now} ${executions.length} ${time.chance()}`,
  };
}

function fleet(time: VirtualTime, around: Surroundings): SimNode[] {
  const shape = time.pick(["pairs", "apart", "apart", "both"]);
  if (shape === "both") return [1, 2].map((n) => new SimNode(n, ["gateway", "worker"], around));
  const gateways = shape === "pairs" ? 1 : 2;
  const workers = shape === "pairs" ? 2 : 2 + Math.floor(time.chance() * 2);
  return [
    ...Array.from({ length: gateways }, (_, i) => new SimNode(i + 1, ["gateway"], around)),
    ...Array.from({ length: workers }, (_, i) => new SimNode(gateways + i + 1, ["worker"], around)),
  ];
}
