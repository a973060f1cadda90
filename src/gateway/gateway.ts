/** Lets clients in: opens the ports, keeps the connections, and sees them out. */
import type { SecureContextOptions } from "node:tls";
import type { Engine } from "../engine/engine.ts";
import { Budget } from "./budget.ts";
import { Connections } from "./connections.ts";
import type { Clock, GatewayContext, Log } from "./context.ts";
import { Door } from "./door.ts";
import { Http } from "./http.ts";
import { withLimits, type Limits } from "./limits.ts";
import { LineConnection } from "./lines.ts";
import { checkListen, type ListenAddress } from "./listen.ts";
import { Port } from "./port.ts";
import { Turn } from "./turn.ts";

export type GatewayOptions = {
  readonly engine: Engine;
  readonly listen: readonly ListenAddress[];
  /** Null: no token is asked for; only allowed on loopback. */
  readonly token: string | null;
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
  /**
   * Takes nothing new: listeners and idle connections close at once, the others when their answers are out.
   * Resolves when all are gone; {@link close} ends the wait.
   */
  drain(): Promise<void>;
  /** Ends all at once. Twice is safe. */
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
  #state: "new" | "open" | "draining" | "closed" = "new";
  #http: Http | null = null;
  #port: Port | null = null;
  #sweeper: NodeJS.Timeout | null = null;

  constructor(options: GatewayOptions) {
    this.#options = options;
    const limits = withLimits(options.limits);
    const { engine, clock, log, token, hosts = [], origins = [], blobLinkMs = null } = options;
    this.#context = {
      engine,
      limits,
      blobLinkMs,
      clock,
      log,
      door: new Door({ token, hosts, origins }),
      budget: new Budget(limits.nodeBytes),
      turn: new Turn(),
      connections: new Connections(limits),
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
    this.#state = "open";
    const context = this.#context;
    const http = (this.#http = await Http.open(context, version));
    const port = (this.#port = new Port(
      context,
      {
        lines: (socket, peer, first) => void new LineConnection(context, socket, peer, first),
        http: (socket, peer) => http.take(socket, peer),
      },
      tls,
    ));
    this.#sweeper = setInterval(() => {
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

  async drain(): Promise<void> {
    if (this.#state === "open") {
      this.#state = "draining";
      this.#port?.closeListeners();
      this.#http?.drain();
      this.#context.connections.drain();
    }
    await this.#context.connections.whenEmpty();
  }

  async close(): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "closed";
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
