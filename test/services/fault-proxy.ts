/** A TCP proxy that misbehaves as told, between what is tested and a real server. */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/**
 * pass: all goes through. refuse: nobody listens, and who was connected is cut off. blackhole: connections stay, and nothing
 * goes through, now or later. hold, hold-requests, hold-answers: nothing goes through, or nothing one way, until it passes again:
 * then all that was sent arrives, as when a cable is put back. (Resetting is a deed, not a mode: {@link FaultProxy.reset}.)
 */
export type FaultMode = "pass" | "refuse" | "blackhole" | "hold" | "hold-requests" | "hold-answers";

/** Each piece comes so much later, and no faster than this, each way of each connection for itself. */
export type Slowness = { readonly latencyMs?: number; readonly bytesPerSecond?: number };

const HOLDS_REQUESTS: ReadonlySet<FaultMode> = new Set(["hold", "hold-requests"]);
const HOLDS_ANSWERS: ReadonlySet<FaultMode> = new Set(["hold", "hold-answers"]);

/** A blackhole swallows a goodbye too. */
const SOCKET = { noDelay: true, allowHalfOpen: true };

type Cut = { readonly words: string; readonly answer: string; readonly done: () => void };
type Pair = { readonly client: Socket; readonly server: Socket; cut: Cut | null };

export class FaultProxy implements AsyncDisposable {
  readonly port: number;
  readonly #target: number;
  readonly #pairs = new Set<Pair>();
  #listener: Server | null;
  #mode: FaultMode = "pass";
  #cut: Cut | null = null;
  #slowness: Slowness | null = null;
  /** Connections that were cut off here, or whose other end was lost. */
  broken = 0;
  /** Pieces that came late, because they were held or slowed down. */
  late = 0;

  constructor(listener: Server, port: number, target: number) {
    this.#listener = listener;
    this.port = port;
    this.#target = target;
    listener.on("connection", (client) => this.#join(client));
  }

  /** @param target a port of 127.0.0.1. */
  static async start(target: number): Promise<FaultProxy> {
    const listener = createServer(SOCKET).listen(0, "127.0.0.1");
    await once(listener, "listening");
    return new FaultProxy(listener, (listener.address() as { port: number }).port, target);
  }

  async set(mode: FaultMode): Promise<void> {
    this.#mode = mode;
    if (mode === "refuse") {
      const listener = this.#listener;
      this.#listener = null;
      listener?.close();
      this.reset();
    } else if (this.#listener === null) {
      this.#listener = createServer(SOCKET, (client) => this.#join(client));
      this.#listener.listen(this.port, "127.0.0.1");
      await once(this.#listener, "listening");
    }
    for (const pair of this.#pairs) this.#holdOrLetGo(pair);
  }

  /** @param slowness null: as fast as it goes. */
  slow(slowness: Slowness | null): void {
    this.#slowness = slowness;
  }

  /** Connections that are open. */
  get count(): number {
    return this.#pairs.size;
  }

  /** Cuts off all who are connected, both sides, as a machine that restarted would. */
  reset(): void {
    for (const { client, server } of this.#pairs) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  /**
   * The next time a client sends these words they get through, the server does what they say, and its answer is lost:
   * the client sees only a reset. Resolves when that has happened.
   * @param answer what the server says when it has done so: of what it says before, the client sees nothing either.
   */
  cutAfter(words: string, answer = ""): Promise<void> {
    return new Promise((done) => (this.#cut = { words, answer, done }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.set("refuse");
  }

  #join(client: Socket): void {
    const server = connect({ port: this.#target, host: "127.0.0.1", ...SOCKET });
    const pair: Pair = { client, server, cut: null };
    this.#pairs.add(pair);
    const toServer = this.#lane(server);
    const toClient = this.#lane(client);
    client.on("data", (bytes: Buffer) => {
      if (this.#mode === "blackhole") return;
      if (this.#cut !== null && bytes.includes(this.#cut.words)) {
        pair.cut = this.#cut;
        this.#cut = null;
      }
      toServer(bytes);
    });
    server.on("data", (bytes: Buffer) => {
      if (this.#mode === "blackhole") return;
      const { cut } = pair;
      if (cut === null) toClient(bytes);
      else if (bytes.includes(cut.answer)) {
        client.resetAndDestroy();
        cut.done();
      }
    });
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on("error", () => {});
      one.on("end", () => {
        if (this.#mode !== "blackhole") (other === server ? toServer : toClient)(null);
      });
      one.on("close", () => {
        other.destroy();
        if (this.#pairs.delete(pair)) this.broken++;
      });
    }
    this.#holdOrLetGo(pair);
  }

  /** What writes to a socket at once, or later and in order; null is its end. */
  #lane(socket: Socket): (bytes: Buffer | null) => void {
    let freeAt = 0;
    const waiting: (Buffer | null)[] = [];
    const write = (bytes: Buffer | null): void => {
      if (bytes === null) socket.end();
      else socket.write(bytes);
    };
    return (bytes) => {
      const slowness = this.#slowness;
      if (slowness === null && waiting.length === 0) return write(bytes);
      const { latencyMs = 0, bytesPerSecond = Infinity } = slowness ?? {};
      const now = performance.now();
      freeAt = Math.max(now + latencyMs, freeAt) + ((bytes?.length ?? 0) / bytesPerSecond) * 1000;
      this.late++;
      waiting.push(bytes);
      // Timers of different lengths may be early and late by a millisecond: whichever it is, the first in line goes.
      setTimeout(() => write(waiting.shift()!), freeAt - now);
    };
  }

  #holdOrLetGo({ client, server }: Pair): void {
    for (const [from, isHeld] of [
      [client, HOLDS_REQUESTS.has(this.#mode)],
      [server, HOLDS_ANSWERS.has(this.#mode)],
    ] as const) {
      if (isHeld) from.pause();
      else if (from.isPaused()) {
        this.late++;
        from.resume();
      }
    }
  }
}
