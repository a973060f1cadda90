/**
 * Gateways and workers as processes of their own, sharing a store in PostgreSQL, a queue and a folder of blobs: the whole drawing on
 * one machine, but for the balancer.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../../src/client/client.ts";
import { freePort, NodeProcess } from "./node-process.ts";

export type FleetPlan = {
  store: string;
  /** Left out: the store is the queue too. */
  queue?: string;
  gateways?: number;
  workers?: number;
  flags?: readonly string[];
  gatewayFlags?: readonly string[];
  workerFlags?: readonly string[];
  env?: NodeJS.ProcessEnv;
  blobs?: string;
};

export class FleetProcesses implements AsyncDisposable {
  readonly gateways: NodeProcess[] = [];
  readonly workers: NodeProcess[] = [];
  readonly #plan: FleetPlan;
  readonly #folder: string;

  constructor(plan: FleetPlan, folder: string) {
    this.#plan = plan;
    this.#folder = folder;
  }

  static async start(plan: FleetPlan): Promise<FleetProcesses> {
    const fleet = new FleetProcesses(plan, await mkdtemp(join(tmpdir(), "tanda-fleet-")));
    try {
      const gateways = Array.from({ length: plan.gateways ?? 1 }, () => fleet.addGateway());
      const workers = Array.from({ length: plan.workers ?? 1 }, () => fleet.addWorker());
      await Promise.all([...gateways, ...workers]);
    } catch (error) {
      await fleet[Symbol.asyncDispose]();
      throw error;
    }
    return fleet;
  }

  addGateway(...flags: readonly string[]): Promise<NodeProcess> {
    return this.#add(this.gateways, ["--roles", "gateway", ...(this.#plan.gatewayFlags ?? []), ...flags]);
  }

  addWorker(...flags: readonly string[]): Promise<NodeProcess> {
    const own = ["--roles", "worker", "--threads", "2", ...(this.#plan.workerFlags ?? []), ...flags];
    return this.#add(this.workers, own);
  }

  /** All gateways, from the n-th on. */
  url(first = 0): string {
    const ports = this.gateways.map(({ port }) => port);
    return `tanda://${ports.map((_, at) => `127.0.0.1:${ports[(at + first) % ports.length]}`).join()}`;
  }

  client(first = 0): ReturnType<typeof connect> {
    return connect(this.url(first));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.gateways, ...this.workers].map((one) => one[Symbol.asyncDispose]()));
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  async #add(where: NodeProcess[], flags: readonly string[]): Promise<NodeProcess> {
    const { store, queue, env, blobs } = this.#plan;
    // The blobs are where all find them; the data folder stays empty.
    const data = await mkdtemp(join(this.#folder, "node-"));
    const all = ["--blobs", blobs ?? join(this.#folder, "blobs"), ...flags, ...(this.#plan.flags ?? [])];
    const urls = { TANDA_STORE: store, ...(queue === undefined ? {} : { TANDA_QUEUE: queue }) };
    const node = new NodeProcess(await freePort(), data, all, { ...urls, ...env });
    where.push(node);
    await node.start();
    return node;
  }
}
