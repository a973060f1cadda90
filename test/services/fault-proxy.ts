/** A TCP proxy that misbehaves as told, between what is tested and a real server. */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/**
 * pass: all goes through. refuse: nobody listens, and who was connected is cut off. blackhole: connections stay, and nothing
 * goes through, now or later. (Resetting is a deed, not a mode: {@link FaultProxy.reset}.)
 */
export type FaultMode = "pass" | "refuse" | "blackhole";

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
    client.on("data", (bytes) => {
      if (this.#mode === "blackhole") return;
      if (this.#cut !== null && bytes.includes(this.#cut.words)) {
        pair.cut = this.#cut;
        this.#cut = null;
      }
      server.write(bytes);
    });
    server.on("data", (bytes) => {
      if (this.#mode === "blackhole") return;
      const { cut } = pair;
      if (cut === null) client.write(bytes);
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
        if (this.#mode !== "blackhole") one.end();
      });
      one.on("close", () => {
        other.destroy();
        this.#pairs.delete(pair);
      });
    }
  }
}
