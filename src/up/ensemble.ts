/** All processes of a topology: started each after those it needs, stopped in the order that lets no client down. */
import type { ProcessPlan, Role } from "./process-plan.ts";
import { Supervised, type SupervisedParts } from "./supervised.ts";

/**
 * First nobody new comes in, then what is there is answered, with workers that still work and servers that still keep.
 * Servers come last, those that need others first.
 */
const STOP_RANKS: Readonly<Record<Exclude<Role, "balancer">, number>> = {
  node: 0,
  gateway: 0,
  worker: 1,
  queue: 2,
  store: 2,
  blobs: 2,
};

export class Ensemble {
  readonly processes: readonly Supervised[];
  #isOver = false;

  constructor(plans: readonly ProcessPlan[], parts: SupervisedParts) {
    this.processes = plans.map((plan) => new Supervised(plan, parts));
  }

  start(): void {
    for (const process of this.processes) void this.#startAfterOthers(process);
  }

  /** Resolves when all were ready once. */
  async allReady(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.wasReady));
  }

  /** In order. Resolves when all are gone. */
  async stop(): Promise<void> {
    this.#isOver = true;
    const balancers = this.processes.filter(({ plan }) => plan.role === "balancer");
    const closing = balancers.map((process) => process.stop());
    for (const rank of [0, 1]) await Promise.all(this.#ofRank(rank).map((process) => process.stop()));
    // Connections that are left have nobody at their other end.
    await Promise.all(balancers.map((process) => process.end()));
    await Promise.all(closing);
    let servers = this.#ofRank(2);
    while (servers.length > 0) {
      const needed = new Set(servers.flatMap(({ plan }) => plan.after));
      const free = servers.filter(({ plan }) => !needed.has(plan.name));
      await Promise.all(free.map((process) => process.stop()));
      servers = servers.filter((process) => !free.includes(process));
    }
  }

  /** At once. Resolves when all are gone. */
  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.processes.map((process) => process.end()));
  }

  async #startAfterOthers(process: Supervised): Promise<void> {
    const { after } = process.plan;
    await Promise.all(
      this.processes.filter(({ plan }) => after.includes(plan.name)).map((other) => other.wasReady),
    );
    if (!this.#isOver) process.start();
  }

  #ofRank(rank: number): Supervised[] {
    return this.processes.filter(({ plan }) => plan.role !== "balancer" && STOP_RANKS[plan.role] === rank);
  }
}
