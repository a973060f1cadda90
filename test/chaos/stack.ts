/** The whole drawing on one machine, each box a process that tests may kill: HAProxy, gateways, RabbitMQ, workers, PostgreSQL. */
import assert from "node:assert/strict";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { haproxyConfig } from "../../src/balancer/haproxy.ts";
import { DEFAULT_BALANCER } from "../../src/balancer/options.ts";
import { FleetProcesses } from "../e2e/fleet.ts";
import { freePort, type LogEvent, type NodeProcess } from "../e2e/node-process.ts";
import { Talk } from "../e2e/talk.ts";
import { FaultProxy } from "../services/fault-proxy.ts";
import { createHaproxy } from "../services/haproxy.ts";
import { Postgres } from "../services/postgres.ts";
import { startRabbitMQ, type RabbitMQ } from "../services/rabbitmq.ts";
import { RUNNING, rowsWhere, type Row } from "./psql.ts";

const actions = fileURLToPath(new URL("./fixtures/actions.ts", import.meta.url));
const CHECK_MS = 300;
export const LEASE_MS = 2000;
/** After a second of running. */
const JUST_CLAIMED_MS = 1600;

/** Of SQL. */
export function leasedTo(pid: number): string {
  return `state = ${RUNNING} and worker like '%-${pid}-%'`;
}

export type StackOptions = { brokers: number; workers: number; blobs?: string; env?: NodeJS.ProcessEnv };

export class Stack implements AsyncDisposable {
  readonly postgres: Postgres;
  /** Between PostgreSQL and the second gateway, and the second worker. */
  readonly toPostgres: FaultProxy;
  readonly rabbit: RabbitMQ;
  readonly fleet: FleetProcesses;
  readonly balancer: ReturnType<typeof createHaproxy>;
  readonly #parts: AsyncDisposableStack;

  private constructor(
    parts: AsyncDisposableStack,
    postgres: Postgres,
    toPostgres: FaultProxy,
    rabbit: RabbitMQ,
    fleet: FleetProcesses,
    balancer: ReturnType<typeof createHaproxy>,
  ) {
    this.#parts = parts;
    this.postgres = postgres;
    this.toPostgres = toPostgres;
    this.rabbit = rabbit;
    this.fleet = fleet;
    this.balancer = balancer;
  }

  static async start({ brokers, workers, blobs, env = {} }: StackOptions): Promise<Stack> {
    await using parts = new AsyncDisposableStack();
    const [postgres, rabbit] = await Promise.all([
      Postgres.start().then((one) => parts.use(one)),
      startRabbitMQ({ nodes: brokers }).then((one) => parts.use(one)),
    ]);
    const toPostgres = parts.use(await FaultProxy.start(postgres.port));
    const flags = ["--lease", `${LEASE_MS}ms`, "--actions", actions];
    const plan = { store: postgres.url, queue: rabbit.url, flags, env, ...(blobs ? { blobs } : {}) };
    const fleet = parts.use(new FleetProcesses(plan, await mkdtemp(join(tmpdir(), "tanda-chaos-"))));
    const proxied = ["--store", postgres.urlAt(toPostgres.port)];
    const others = Array.from({ length: workers - 2 }, () => []);
    await Promise.all([
      fleet.addGateway(),
      fleet.addGateway(...proxied),
      ...[[], proxied, ...others].map((own) => fleet.addWorker(...own)),
    ]);
    const port = await freePort();
    const config = haproxyConfig({
      ...DEFAULT_BALANCER,
      listen: { host: "127.0.0.1", port },
      nodes: fleet.gateways.map((gateway) => ({ host: "127.0.0.1", port: gateway.port })),
      isProxy: false,
      checkMs: CHECK_MS,
    });
    const balancer = parts.use(createHaproxy(port, config));
    await balancer.start();
    const stack = new Stack(parts.move(), postgres, toPostgres, rabbit, fleet, balancer);
    await stack.untilBalanced();
    return stack;
  }

  get port(): number {
    return this.balancer.port;
  }

  get processes(): NodeProcess[] {
    return [...this.fleet.gateways, ...this.fleet.workers];
  }

  /** Until it answers for a gateway. */
  async untilBalanced(): Promise<void> {
    for (;;) {
      const talk = Talk.open(this.port);
      const node = await talk.nodeNumber(1000);
      talk.close();
      if (node !== null) return;
      await delay(50);
    }
  }

  /** What processes wrote since `from`, of all of them. */
  said(words: RegExp, from: number): LogEvent[] {
    return this.processes.flatMap(({ log }) =>
      log.filter(({ msg, time }) => words.test(msg) && Number(time) >= from),
    );
  }

  async untilSaid(words: RegExp, from: number): Promise<LogEvent[]> {
    for (const until = performance.now() + 15_000; ; await delay(50)) {
      const events = this.said(words, from);
      if (events.length > 0) return events;
      assert.ok(performance.now() < until, `nobody said ${words}`);
    }
  }

  /** Until this process has tasks of this length under a lease, and has only just claimed them. */
  async untilLeased({ pid }: NodeProcess, ms: number): Promise<Row[]> {
    const where = `${leasedTo(pid)} and payload like '%"ms":${ms}%' and started_at > extract(epoch from now()) * 1000 - ${JUST_CLAIMED_MS}`;
    for (const until = performance.now() + 20_000; ; await delay(20)) {
      const rows = await rowsWhere(this.postgres.url, where);
      if (rows.length > 0) return rows;
      assert.ok(performance.now() < until, `worker ${pid} claims nothing`);
    }
  }

  async untilRows(where: string, isSo: (rows: Row[]) => boolean, withinMs = 30_000): Promise<Row[]> {
    for (const until = performance.now() + withinMs; ; await delay(50)) {
      const rows = await rowsWhere(this.postgres.url, where);
      if (isSo(rows)) return rows;
      assert.ok(performance.now() < until, `${where}: ${JSON.stringify(rows.slice(0, 5))}`);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#parts.disposeAsync();
  }
}
