/** Lets clients in: opens the ports, keeps the connections, and sees them out. */
import { performance } from "node:perf_hooks";
import type { SecureContextOptions } from "node:tls";
import type { Engine } from "../engine/engine.ts";
import type { Signer } from "../protocol/node-proof.ts";
import { Askers } from "./askers.ts";
import { Budget } from "./budget.ts";
import { Connections } from "./connections.ts";
import { ownOf, type Clock, type GatewayContext, type Log } from "./context.ts";
import { Door } from "./door.ts";
import { GuardedEngine } from "./guarded-engine.ts";
import { HttpLater } from "./http-later.ts";
import { withLimits, type Limits } from "./limits.ts";
import { LineConnection } from "./lines.ts";
import { checkListen, checkSpeaks, needsToken, type ListenAddress } from "./listen.ts";
import { LongAnswers } from "./long-answers.ts";
import { NodeDoor } from "./node-door.ts";
import { EventTexts } from "./event-texts.ts";
import { Pace } from "./pace.ts";
import { Port } from "./port.ts";
import { ReadTurns } from "./read-turns.ts";
import { Refusals } from "./refusals.ts";
import { Shares } from "./shares.ts";
import { Tls } from "./tls.ts";
import { Turn } from "./turn.ts";

export type GatewayOptions = {
  readonly engine: Engine;
  readonly listen: readonly ListenAddress[];
  /** May do all. Null: only tokens of the store are known. */
  readonly token: string | null;
  /** By it other nodes prove that they are of this cluster. Null: whoever is let in may act as one. */
  readonly clusterSigner?: Signer | null;
  /** Also where all listeners are on loopback nobody may do anything without a token. */
  readonly requireToken?: boolean;
  readonly limits?: Partial<Limits>;
  /** Names that loopback listeners answer to, besides localhost. */
  readonly hosts?: readonly string[];
  /** Origins whose pages may use it, besides its own. */
  readonly origins?: readonly string[];
  /** Certificate and key: then TLS is spoken to those who begin with it. */
  readonly tls?: SecureContextOptions | null;
  /** How long a link lives that answers who fetches a blob, where the blobs have links; null: none is given. */
  readonly blobLinkMs?: number | null;
  readonly clock: Clock;
  readonly log: Log;
  /** Told in the OpenAPI document. */
  readonly version?: string;
};

export interface Gateway extends AsyncDisposable {
  /** Listens. @returns the addresses with the ports they got. @throws bad_request when it would be open to anyone. */
  start(): Promise<ListenAddress[]>;
  /** What HTTP takes is loaded now, and not by the first who speaks it. After {@link start}. */
  loadHttp(): Promise<void>;
  /**
   * Tells who asks again and again whether this node is ready that it is not, while everything is still served.
   * Resolves when they had the time to hear it; at once when nobody asks.
   */
  giveNotice(): Promise<void>;
  /**
   * Takes nothing new: idle connections close at once, the others when their answers are out. So do the listeners, at once
   * when nobody was given notice: who does not ask finds out by being refused. Else with the last answer, so that those who
   * ask do not take what still answers for dead.
   * Resolves when all are gone; {@link close} ends the wait.
   */
  drain(): Promise<void>;
  /** Connections from now on get this certificate; those there are stay. @throws what is wrong with it; the old one stays. */
  renewCertificate(tls: SecureContextOptions): void;
  /** Ends all at once, a notice too. Twice is safe. */
  close(): Promise<void>;
  readonly connections: number;
  /** Of requests that are not answered yet. */
  readonly bytesInFlight: number;
  /** Of requests that are not complete, or wait on a stalled connection. */
  readonly bytesArriving: number;
}

export function createGateway(options: GatewayOptions): Gateway {
  return new OneGateway(options);
}

class OneGateway implements Gateway {
  readonly #options: GatewayOptions;
  readonly #context: GatewayContext;
  #state: "new" | "open" | "noticed" | "draining" | "closed" = "new";
  readonly #noticeOver = Promise.withResolvers<void>();
  #noticeTimer: NodeJS.Timeout | null = null;
  #http: HttpLater | null = null;
  #port: Port | null = null;
  #tls: Tls | null = null;
  #sweeper: NodeJS.Timeout | null = null;

  constructor(options: GatewayOptions) {
    this.#options = options;
    const limits = withLimits(options.limits);
    const {
      engine,
      clock,
      log,
      token,
      hosts = [],
      origins = [],
      blobLinkMs = null,
      clusterSigner: signer = null,
    } = options;
    const now = (): number => performance.now();
    const shares = new Shares(() => engine.appetite, now);
    const pace = new Pace(now, () => performance.eventLoopUtilization().active);
    this.#context = {
      engineFor: (grant, from) => new GuardedEngine(engine, grant, from),
      own: ownOf(engine),
      limits,
      blobLinkMs,
      clock,
      log,
      door: new Door({
        token,
        needsToken: needsToken({ ...options, requireToken: options.requireToken === true }),
        hosts,
        origins,
        access: () => engine.access,
        now: () => clock.now(),
      }),
      nodeDoor: signer && new NodeDoor({ own: engine.self.node, signer, now: () => clock.now() }),
      budget: new Budget(limits.nodeBytes),
      turn: new Turn(shares),
      pace,
      reads: new ReadTurns(pace),
      shares,
      refusals: new Refusals(limits.refusals, now),
      longAnswers: new LongAnswers(pace),
      eventTexts: new EventTexts(),
      connections: new Connections(limits),
      askers: new Askers(),
      certificateExpiresAt: () => this.#tls?.expiresAt ?? null,
      isLeaving: () => this.#state !== "new" && this.#state !== "open",
      isDraining: () => this.#state === "draining" || this.#state === "closed",
    };
  }

  get connections(): number {
    return this.#context.connections.count;
  }

  get bytesInFlight(): number {
    return this.#context.budget.bytes;
  }

  get bytesArriving(): number {
    return this.#context.budget.heldBytes;
  }

  async start(): Promise<ListenAddress[]> {
    const { listen, token, tls = null, version = "0" } = this.#options;
    checkListen(listen, token);
    checkSpeaks(listen, tls !== null);
    this.#state = "open";
    const context = this.#context;
    this.#tls = tls && (await Tls.load(tls));
    const http = (this.#http = new HttpLater(context, version));
    const port = (this.#port = new Port(
      context,
      {
        lines: (socket, peer, first) => void new LineConnection(context, socket, peer, first),
        http: (socket, peer) => http.take(socket, peer),
      },
      this.#tls,
    ));
    this.#sweeper = setInterval(() => {
      context.door.sweep();
      for (const { address } of context.connections.sweep(context.clock.now()))
        context.log.warn({ address }, "closed: all answers that are not read are too much for this node");
    }, sweepMs(context.limits)).unref();
    try {
      return await Promise.all(listen.map((address) => port.listen(address)));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async loadHttp(): Promise<void> {
    if (this.#state === "open") await this.#http?.load();
  }

  async giveNotice(): Promise<void> {
    const { askers, clock, limits } = this.#context;
    if (this.#state === "open" && askers.areThere(clock.now())) {
      this.#state = "noticed";
      this.#noticeTimer = setTimeout(this.#noticeOver.resolve, limits.noticeMs);
    }
    if (this.#state === "noticed") await this.#noticeOver.promise;
  }

  async drain(): Promise<void> {
    const { connections } = this.#context;
    if (this.#state === "open" || this.#state === "noticed") {
      const areAskersTold = this.#state === "noticed";
      this.#state = "draining";
      if (!areAskersTold) this.#port?.closeListeners();
      this.#http?.drain();
      await connections.drain();
      this.#port?.closeListeners();
      // Who came since then was told to go elsewhere.
      void connections.drain();
    }
    await connections.whenEmpty();
  }

  renewCertificate(tls: SecureContextOptions): void {
    this.#tls?.renew(tls);
  }

  async close(): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "closed";
    if (this.#noticeTimer) clearTimeout(this.#noticeTimer);
    this.#noticeOver.resolve();
    if (this.#sweeper) clearInterval(this.#sweeper);
    this.#port?.closeListeners();
    this.#context.connections.destroy();
    await this.#http?.close();
    await this.#context.connections.whenEmpty();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

const LONGEST_SWEEP_MS = 1000;

/** Often enough that no time is overdrawn by more than a quarter. */
function sweepMs({ lineMs, idleMs, unreadMs }: Limits): number {
  return Math.max(10, Math.min(LONGEST_SWEEP_MS, lineMs / 4, idleMs / 4, unreadMs / 4));
}
