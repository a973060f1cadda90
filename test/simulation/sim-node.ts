/** One process of a Tanda, of real parts: it is started, killed, stopped and started anew, and what it reaches outside are models. */
import type { Blobs } from "../../src/blobs/blobs.ts";
import { assemble, type TandaNode } from "../../src/node/assemble.ts";
import { beginWork } from "../../src/node/begin-work.ts";
import type { DataFolder } from "../../src/node/data-folder.ts";
import { DEFAULT_OPTIONS, type Role } from "../../src/node/options.ts";
import { noInHandLog, type InHandLog } from "../../src/worker/in-hand-file.ts";
import type { Broker } from "./broker.ts";
import type { BusModel } from "./bus.ts";
import type { Database } from "./database.ts";
import { DatabaseClient } from "./database-client.ts";
import { PoolModel, type Execution } from "./threads.ts";
import { Actor, type VirtualTime } from "./virtual-time.ts";
import { Doorway, type Network } from "./wire.ts";

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const THREADS = 2;
const AGAIN_MS = 1000;
/** A stop waits for what runs, then for connections. */
const STOP_MS = 20_000;

export type Surroundings = {
  readonly time: VirtualTime;
  readonly database: Database;
  /** Null for a node that is alone: its queue is in its own memory. */
  readonly company: { readonly broker: Broker; readonly bus: BusModel } | null;
  readonly network: Network;
  readonly executions: Execution[];
  /** Of each run: its process dies with it. */
  readonly deaths: () => number;
  readonly leaseMs: number;
};

export class SimNode {
  readonly number: number;
  readonly roles: readonly Role[];
  readonly #around: Surroundings;
  readonly #left = new LeftBehind();
  #life = 0;
  #isStopping = false;
  #isToStart = false;
  #actor: Actor;
  #node: TandaNode | null = null;
  #doorway: Doorway | null = null;
  /** Its clock is wrong by so much, also after a restart. */
  skewMs = 0;

  constructor(number: number, roles: readonly Role[], around: Surroundings) {
    this.number = number;
    this.roles = roles;
    this.#around = around;
    this.#actor = new Actor(`node ${number}`);
    this.#actor.isDead = true;
  }

  get actor(): Actor {
    return this.#actor;
  }

  get isUp(): boolean {
    return this.#node !== null && !this.#actor.isDead;
  }

  get engine(): TandaNode["engine"] | null {
    return this.isUp ? this.#node!.engine : null;
  }

  /** Where clients come in, while they can. */
  readonly doorway = (): Doorway | null => this.#doorway;

  /** At once, or when it has ended, where it is still at it. */
  start(): void {
    if (!this.#actor.isDead) {
      this.#isToStart = this.#isStopping;
      return;
    }
    this.#isToStart = false;
    this.#isStopping = false;
    const actor = new Actor(`node ${this.number}, life ${++this.#life}`);
    actor.skewMs = this.skewMs;
    this.#actor = actor;
    this.#node = null;
    this.#around.time.tell(`${actor.name} starts`);
    this.#around.time.as(actor, () => {
      this.#assemble(actor).then(
        (node) => {
          if (actor.isDead) return;
          this.#node = node;
          if (this.roles.includes("gateway")) this.#doorway = new Doorway(actor, node.engine);
        },
        // Who started it starts it again.
        () => {
          actor.isDead = true;
          this.#around.time.after(AGAIN_MS, null, () => this.start());
        },
      );
    });
  }

  /** As by SIGKILL: nothing is said, nothing is written any more. */
  kill(): void {
    if (this.#actor.isDead) return;
    this.#die(this.#actor);
  }

  /** As by SIGTERM: nothing new, what runs ends or goes back. */
  stop(): void {
    const [node, actor, doorway] = [this.#node, this.#actor, this.#doorway];
    if (node === null || actor.isDead) return;
    const { time } = this.#around;
    this.#doorway = null;
    this.#isStopping = true;
    time.as(actor, () => {
      doorway?.close();
      void node.stop().finally(() => this.#die(actor));
    });
    time.after(STOP_MS, null, () => this.#die(actor));
  }

  /** As by SIGSTOP. */
  stand(ms: number): void {
    this.#actor.standsUntil = Math.max(this.#actor.standsUntil, this.#around.time.now + ms);
  }

  #die(actor: Actor): void {
    if (actor.isDead) return;
    actor.isDead = true;
    this.#around.time.tell(`${actor.name} is dead`);
    if (this.#actor === actor) this.#doorway = null;
    const { time, network, company } = this.#around;
    network.gone(actor);
    if (this.#isToStart) this.start();
    // The broker finds out by a broken connection, at once or by a missed heartbeat.
    time.after(time.chance() < 0.8 ? 1 : time.between(1000, 8000), null, () => company?.broker.gone(actor));
  }

  async #assemble(actor: Actor): Promise<TandaNode> {
    const { time, executions, leaseMs, deaths, company } = this.#around;
    const isWorker = this.roles.includes("worker");
    const options = {
      ...DEFAULT_OPTIONS,
      threads: THREADS,
      roles: this.roles,
      node: this.number,
      store: company === null ? null : "postgres://model",
      leaseMs,
      drainMs: 5000,
      log: SILENT,
      listen: [],
    };
    const openPool = (threads: number): PoolModel =>
      new PoolModel({ time, actor, threads, log: executions, deaths });
    const begun = isWorker
      ? beginWork({ pool: openPool(THREADS), openQuarantinePool: () => openPool(1) })
      : null;
    return assemble(
      options,
      this.#folder(actor),
      begun,
      company &&
        (async (means) => {
          const queue = await company.broker.open(actor, means);
          return { queue, bus: company.bus.open(actor, means.name) };
        }),
    );
  }

  #folder(actor: Actor): DataFolder {
    const { database, company } = this.#around;
    const store = new DatabaseClient(database, this.#around.time, actor, company === null);
    const isAlone = company === null;
    return {
      dir: null,
      blobsPlace: { dir: "/nowhere" },
      store,
      shared: isAlone ? null : store,
      blobs: noBlobs,
      left: isAlone ? this.#left.read() : { ids: new Set(), alone: new Set() },
      inHandLog: isAlone ? this.#left.log(actor) : noInHandLog,
      async [Symbol.asyncDispose]() {},
    };
  }
}

/** The file that names what was in hand, as a set that outlives the process. */
class LeftBehind {
  #ids = new Set<string>();
  #alone = new Set<string>();

  read(): { ids: ReadonlySet<string>; alone: ReadonlySet<string> } {
    return { ids: new Set(this.#ids), alone: new Set(this.#alone) };
  }

  log(actor: Actor): InHandLog {
    return {
      add: (ids) => {
        if (!actor.isDead) for (const id of ids) this.#ids.add(id);
        return this.#ids.size < 1000;
      },
      write: (ids, alone) => {
        if (actor.isDead) return;
        this.#ids = new Set(ids);
        this.#alone = new Set(alone);
      },
      idle: () => {
        if (actor.isDead) return;
        this.#ids.clear();
        this.#alone.clear();
      },
      close: () => {},
    };
  }
}

/** Payloads and results are small here. */
const noBlobs = { close: async () => {}, async [Symbol.asyncDispose]() {} } as unknown as Blobs;
