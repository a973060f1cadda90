/** Servers of a test file, and nodes in this process that share them: what runs in their handlers the test sees, and holds. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type Channel, type ChannelModel, type GetMessage } from "amqplib";
import { Client } from "pg";
import type { ActionTable, Context } from "../../src/actions/define.ts";
import { startNode, type TandaNode } from "../../src/node/start-node.ts";
import type { NodeOptions } from "../../src/node/options.ts";
import { decode } from "../../src/queue/parcel-codec.ts";
import type { Message } from "../../src/queue/queue.ts";
import { optionsOf, queueName } from "../../src/queue/rabbitmq-topology.ts";
import { ridesOf } from "../../src/queue/remote-lane.ts";
import { openPostgresStore } from "../../src/store/postgres.ts";
import type { SharedStore } from "../../src/store/shared-store.ts";
import { createIdMaker } from "../../src/task/id.ts";
import { Postgres } from "../services/postgres.ts";
import { startRabbitMQ, type RabbitMQ } from "../services/rabbitmq.ts";
import { until } from "../until.ts";

export type On = "RabbitMQ" | "PostgreSQL";

export const bothQueues: readonly On[] = ["RabbitMQ", "PostgreSQL"];

export class Stack implements AsyncDisposable {
  readonly postgres: Postgres;
  readonly rabbit: RabbitMQ;
  readonly folder: string;
  readonly makeId = createIdMaker(0, Date.now, Math.random);
  #connection: ChannelModel | null = null;

  constructor(postgres: Postgres, rabbit: RabbitMQ, folder: string) {
    this.postgres = postgres;
    this.rabbit = rabbit;
    this.folder = folder;
  }

  static async start(): Promise<Stack> {
    const folder = await mkdtemp(join(tmpdir(), "tanda-stack-"));
    const rabbit = startRabbitMQ();
    const postgres = await Postgres.start({ fast: true });
    return new Stack(postgres, await rabbit, folder);
  }

  /** Those of one broker have one schema: whoever takes a message finds its row. */
  store(on: On = "RabbitMQ"): string {
    return `${this.postgres.url}?schema=${on.toLowerCase()}`;
  }

  node(options: Partial<NodeOptions>, on: On = "RabbitMQ"): Promise<TandaNode> {
    return startNode({
      data: join(this.folder, "data"),
      blobs: join(this.folder, "blobs"),
      store: this.store(on),
      queue: on === "RabbitMQ" ? this.rabbit.url : null,
      drainMs: 3000,
      ...options,
    });
  }

  gateway(on?: On, options: Partial<NodeOptions> = {}): Promise<TandaNode> {
    return this.node({ ...options, roles: ["gateway"] }, on);
  }

  worker(actions: ActionTable, on?: On, options: Partial<NodeOptions> = {}): Promise<TandaNode> {
    return this.node({ ...options, actions, roles: ["worker"] }, on);
  }

  /** The rows, beside all nodes. */
  openStore(on?: On): Promise<SharedStore> {
    return openPostgresStore({
      url: this.store(on),
      env: {},
      now: () => performance.now(),
      random: Math.random,
    });
  }

  sql<T>(text: string, values: unknown[] = [], on: On = "RabbitMQ"): Promise<T[]> {
    return this.postgres.query<T>(text.replaceAll("tasks", `${on.toLowerCase()}.tasks`), values);
  }

  /** Nobody reads or writes a row of a task until it is let go. */
  async lockTasks(on: On = "RabbitMQ"): Promise<AsyncDisposable & { letGo: () => Promise<void> }> {
    const client = new Client({ connectionString: this.postgres.url });
    await client.connect();
    await client.query(`begin; lock table ${on.toLowerCase()}.tasks in access exclusive mode`);
    let going: Promise<void> | null = null;
    const letGo = (): Promise<void> => (going ??= client.end());
    return { letGo, [Symbol.asyncDispose]: letGo };
  }

  async channel(): Promise<Channel> {
    if (this.#connection === null) {
      this.#connection = await connect(this.rabbit.url);
      // Of a broker that is killed.
      this.#connection.on("error", () => {});
    }
    return this.#connection.createChannel();
  }

  /** @returns the names that it has in the broker: for what was promised, and for what rides. */
  async declare(queue: string): Promise<{ kept: string; rides: string }> {
    const channel = await this.channel();
    const kept = { name: queue, priority: 1 };
    for (const lane of [kept, ridesOf(kept)])
      await channel.assertQueue(queueName("tanda", lane), optionsOf(lane));
    await channel.close();
    return { kept: queueName("tanda", kept), rides: queueName("tanda", ridesOf(kept)) };
  }

  /** Takes one message, as a worker does that then stands still. */
  async take(name: string): Promise<{ messages: Message[]; die: () => Promise<void> }> {
    const channel = await this.channel();
    const until = performance.now() + 10_000;
    for (;;) {
      const raw: GetMessage | false = await channel.get(name);
      if (raw) return { messages: decode(raw.content.toString()), die: () => channel.close() };
      if (performance.now() > until) throw new Error(`nothing came to ${name}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async send(name: string, body: string): Promise<void> {
    const channel = await this.channel();
    channel.sendToQueue(name, Buffer.from(body), { persistent: true });
    await channel.close();
  }

  async killBroker(): Promise<void> {
    await this.rabbit.first.kill9();
    this.#connection = null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection?.close();
    await Promise.all([this.rabbit[Symbol.asyncDispose](), this.postgres[Symbol.asyncDispose]()]);
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** Runs that wait until the test lets them go, each counted. */
export class Held {
  readonly runs: { attempt: number; signal: AbortSignal; end: (result: unknown) => void }[] = [];

  readonly run = (_payload: unknown, { attempt, signal }: Context): Promise<unknown> => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.runs.push({ attempt, signal, end: resolve });
    return promise;
  };

  async begun(count = 1): Promise<void> {
    await until(`${count} began`, () => this.runs.length >= count);
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
