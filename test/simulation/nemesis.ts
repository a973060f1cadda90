/** What goes wrong, and when: chosen by the seed, some kinds in one history and others in the next, so that rare ones meet alone too. */
import type { Broker } from "./broker.ts";
import type { BusModel } from "./bus.ts";
import type { Customer } from "./customers.ts";
import type { Database } from "./database.ts";
import type { SimNode } from "./sim-node.ts";
import type { VirtualTime } from "./virtual-time.ts";
import type { Network } from "./wire.ts";

export type Targets = {
  time: VirtualTime;
  nodes: readonly SimNode[];
  customers: readonly Customer[];
  database: Database;
  company: { broker: Broker; bus: BusModel } | null;
  network: Network;
  leaseMs: number;
  deaths: { share: number };
};

type Fault = (targets: Targets) => void;

/** Nobody stands still for longer: three leases of 10 s. */
const MOST_STAND_MS = 30_000;

/** These chances, for half a second to so long. */
function forAWhile<Chances extends Record<string, number>>(
  time: VirtualTime,
  mostMs: number,
  chances: Chances,
  some: Partial<Chances>,
): void {
  Object.assign(chances, some);
  const none = Object.fromEntries(Object.keys(some).map((name) => [name, 0]));
  time.after(time.between(500, mostMs), null, () => Object.assign(chances, none));
}

const FAULTS: Readonly<Record<string, Fault>> = {
  kill({ time, nodes }) {
    const node = time.pick(nodes);
    node.kill();
    time.after(time.between(300, 8000), null, () => node.start());
  },
  killAll({ time, nodes }) {
    for (const node of nodes) {
      node.kill();
      time.after(time.between(300, 3000), null, () => node.start());
    }
  },
  stop({ time, nodes }) {
    const node = time.pick(nodes);
    node.stop();
    time.after(time.between(6000, 12_000), null, () => node.start());
  },
  stand({ time, nodes, leaseMs }) {
    time.pick(nodes).stand(leaseMs * time.pick([0.3, 0.9, 1.6, 3]));
  },
  clock({ time, nodes }) {
    const node = time.pick(nodes);
    node.skewMs = time.pick([-15_000, -2000, 2000, 15_000]);
    node.actor.skewMs = node.skewMs;
  },
  network({ network }) {
    network.break(0.6);
  },
  databaseAway({ time, database }) {
    database.goAway(time.between(50, 8000));
  },
  databaseUnknown({ time, database }) {
    forAWhile(time, 4000, database.faults, { unknown: 0.05 });
  },
  databaseRefuses({ time, database }) {
    forAWhile(time, 4000, database.faults, { refused: 0.2 });
  },
  databaseSlow({ time, database }) {
    forAWhile(time, 4000, database.faults, { slow: 0.3 });
  },
  threadsDie({ time, deaths }) {
    forAWhile(time, 4000, deaths, { share: 0.03 });
  },
  pause({ time, customers }) {
    const queue = time.pick(["default", "second"]);
    const person = time.pick(customers);
    person.ask("pause", { queue });
    time.after(time.between(500, 6000), null, () => person.ask("resume", { queue }));
  },
};

/** Of those that are several. */
const IN_COMPANY: Readonly<Record<string, Fault>> = {
  brokerAway({ time, company }) {
    company!.broker.goAway(time.between(50, 6000));
  },
  brokerCutsOne({ time, company }) {
    const { actors } = company!.broker;
    if (actors.length > 0) company!.broker.cut(time.pick(actors), time.between(10, 4000));
  },
  brokerForgets({ company }) {
    company!.broker.forget();
  },
  brokerLoses({ time, company }) {
    forAWhile(time, 4000, company!.broker.faults, { lost: 0.3 });
  },
  brokerRepeats({ time, company }) {
    forAWhile(time, 6000, company!.broker.faults, { twice: 0.4, reordered: 0.3 });
  },
  brokerConfirmsNothing({ time, company }) {
    forAWhile(time, 3000, company!.broker.faults, { unconfirmed: 0.3 });
  },
  hintsLost({ time, company }) {
    forAWhile(time, 8000, company!.bus.faults, { lost: 0.5 });
  },
  hintsLate({ time, company }) {
    forAWhile(time, 8000, company!.bus.faults, { late: 0.3 });
  },
  workerDrained({ time, nodes, customers }) {
    const node = time.pick(nodes);
    const person = time.pick(customers);
    const worker = String(node.number);
    person.ask("drain_worker", { worker });
    time.after(time.between(1000, 6000), null, () => person.ask("resume_worker", { worker }));
  },
};

/** No process ends or stands still by these, and it reaches the store and hears the others. */
const CALM: ReadonlySet<string> = new Set([
  "pause",
  "clock",
  "brokerForgets",
  "brokerLoses",
  "brokerRepeats",
  "brokerConfirmsNothing",
]);

export class Nemesis {
  /** How often each struck. */
  readonly struck: Map<string, number> = new Map();
  readonly #targets: Targets;
  readonly #kinds: [string, Fault][];

  /** @param only of these kinds, all of them; null: some, by the seed. */
  constructor(targets: Targets, only: readonly string[] | null) {
    this.#targets = targets;
    const { time, company } = targets;
    const all = Object.entries(company === null ? FAULTS : { ...FAULTS, ...IN_COMPANY });
    const share = time.pick([0.15, 0.3, 0.6]);
    this.#kinds = all.filter(([name]) => only?.includes(name) ?? time.chance() < share);
  }

  /** Whether nothing struck that keeps processes from their work, or from hearing of each other. */
  get isCalm(): boolean {
    return [...this.struck.keys()].every((name) => CALM.has(name));
  }

  /** Between now and then, so often. */
  strike(times: number, withinMs: number): void {
    const { time } = this.#targets;
    if (this.#kinds.length === 0) return;
    for (let n = 0; n < times; n++) {
      const [name, fault] = time.pick(this.#kinds);
      time.after(time.between(0, withinMs), null, () => {
        this.struck.set(name, (this.struck.get(name) ?? 0) + 1);
        time.tell(`FAULT ${name}`);
        fault(this.#targets);
      });
    }
  }

  /** All is well from now on, and who was down comes up. @param pauseMs one queue stays paused for so long. */
  heal(pauseMs: number): void {
    const { time, nodes, customers, database, company, deaths } = this.#targets;
    time.tell("all is healed");
    database.comeBack();
    Object.assign(database.faults, { refused: 0, unknown: 0, slow: 0 });
    deaths.share = 0;
    if (company !== null) {
      company.broker.comeBack();
      Object.assign(company.broker.faults, { lost: 0, unconfirmed: 0, twice: 0, reordered: 0 });
      Object.assign(company.bus.faults, { lost: 0, late: 0 });
    }
    const [person] = customers;
    if (pauseMs > 0) person!.ask("pause", { queue: "second" });
    // Once more at the end: a process that stood still may obey a word that was said to it long ago, and again to others since.
    for (const ms of [0, MOST_STAND_MS])
      time.after(ms, null, () => person!.ask("resume", { queue: "default" }));
    for (const ms of [pauseMs, pauseMs + MOST_STAND_MS])
      time.after(ms, null, () => person!.ask("resume", { queue: "second" }));
    for (const node of nodes) {
      node.skewMs = 0;
      node.actor.skewMs = 0;
      node.start();
      if (company !== null) person!.ask("resume_worker", { worker: String(node.number) });
    }
  }
}
