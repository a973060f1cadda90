/**
 * Takes connections and finds out what they are: gathers their first bytes until that is decided, decides once, and
 * hands them on with what was gathered. Says nothing first. A connection never becomes lines after it was HTTP.
 */
import { createServer, type Server, type Socket } from "node:net";
import { Leaving, Peer, type Duty } from "./connections.ts";
import type { GatewayContext } from "./context.ts";
import { isLoopback, type ListenAddress } from "./listen.ts";
import { parseProxyHeader } from "./proxy-header.ts";
import { refuseInClear } from "./refuse-in-clear.ts";
import { isBlank, sniff } from "./sniff.ts";
import type { Tls } from "./tls.ts";

export type Handlers = {
  /** `first` was read already. */
  lines(socket: Socket, peer: Peer, first: Buffer): void;
  /** What was read is back in the socket. */
  http(socket: Socket, peer: Peer): void;
};

const KEEP_ALIVE_MS = 60_000;

export class Port {
  readonly #context: GatewayContext;
  readonly #handlers: Handlers;
  readonly #tls: Tls | null;
  readonly #servers: Server[] = [];

  constructor(context: GatewayContext, handlers: Handlers, tls: Tls | null) {
    this.#context = context;
    this.#handlers = handlers;
    this.#tls = tls;
  }

  async listen(address: ListenAddress): Promise<ListenAddress> {
    const isLoopbackListener = isLoopback(address.host);
    // Paused until somebody reads: bytes that come before that must not be lost.
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) => {
      this.#accept(socket, isLoopbackListener, address);
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: address.host, port: address.port, backlog: 1024 }, () => {
        server.off("error", reject);
        resolve();
      });
    });
    server.on("error", (error) => this.#context.log.error({ err: error }, "a listener failed"));
    this.#servers.push(server);
    const bound = server.address();
    return { ...address, port: typeof bound === "object" && bound ? bound.port : address.port };
  }

  /** No new connections; those there are stay. */
  closeListeners(): void {
    for (const server of this.#servers.splice(0)) server.close();
  }

  #accept(socket: Socket, isLoopbackListener: boolean, { proxy, speaks }: ListenAddress): void {
    // A reset is how many clients say goodbye.
    socket.on("error", () => socket.destroy());
    const peer = new Peer(socket, isLoopbackListener, NO_DUTY);
    if (!this.#context.connections.add(peer)) return;
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    // What never leaves this machine needs no TLS, and what a balancer takes is the balancer's to decide.
    const mayBePlain =
      proxy || isLoopback(socket.remoteAddress ?? "") ? speaks !== "tls" : speaks === "plain";
    const tls = this.#tls === null ? "never" : mayBePlain ? "may" : "must";
    this.#sniff(socket, peer, proxy ? "required" : "refused", tls);
  }

  #sniff(
    socket: Socket,
    peer: Peer,
    proxy: "required" | "refused" | "done",
    tls: "never" | "may" | "must" | "done",
  ): void {
    let gathered: Buffer | null = null;
    const arrival = new Arrival(socket, this.#context, () => gathered);
    peer.duty = arrival;
    const handOver = (): Buffer => {
      socket.off("data", onData).off("end", onEnd);
      socket.pause();
      peer.duty = NO_DUTY;
      return gathered ?? Buffer.alloc(0);
    };
    const end = (text: string): void => {
      handOver();
      socket.end(text);
      socket.resume();
      peer.duty = new Leaving(socket, this.#context.clock.now() + this.#context.limits.lineMs);
    };
    const refuse = (why: string): void => end(`error: bad_request: ${why}\n`);
    const onData = (chunk: Buffer): void => {
      arrival.heard();
      gathered = gathered ? Buffer.concat([gathered, chunk]) : chunk;
      const kind = sniff(gathered);
      if (kind === "undecided") return;
      if (kind === "proxy") {
        if (proxy === "refused")
          return refuse("a PROXY header is not taken here (--listen ADDRESS,proxy takes one)");
        if (proxy === "done") return refuse("a second PROXY header");
        const header = parseProxyHeader(gathered);
        if (header.type === "undecided") return;
        if (header.type === "invalid") return refuse("the PROXY header is not valid");
        const rest = handOver().subarray(header.length);
        if (header.address !== null && !this.#context.connections.rename(peer, header.address)) return;
        if (rest.length > 0) socket.unshift(rest);
        return this.#sniff(socket, peer, "done", tls);
      }
      if (proxy === "required")
        return refuse("a PROXY header is required here (--listen ADDRESS takes none)");
      if (kind === "tls") {
        if (tls === "never" || tls === "done") return refuse("TLS is not spoken here");
        return this.#startTls(socket, peer, handOver());
      }
      if (tls === "must") return end(refuseInClear(kind));
      if (kind === "lines") return this.#handlers.lines(socket, peer, handOver());
      socket.unshift(handOver());
      this.#handlers.http(socket, peer);
    };
    const onEnd = (): void => {
      // Gone before it said what it is; a first line may lack its end.
      if (gathered && tls === "must") end(refuseInClear("lines"));
      else if (gathered && proxy !== "required") this.#handlers.lines(socket, peer, handOver());
      else socket.end();
    };
    socket.on("data", onData).on("end", onEnd);
    socket.resume();
  }

  #startTls(socket: Socket, peer: Peer, first: Buffer): void {
    socket.unshift(first);
    peer.duty = new Leaving(socket, this.#context.clock.now() + this.#context.limits.lineMs);
    const secure = this.#tls!.take(socket);
    secure.on("error", () => secure.destroy());
    secure.once("secure", () => {
      peer.socket = secure;
      this.#sniff(secure, peer, "done", "done");
    });
  }
}

const NO_DUTY: Duty = { sweep: () => undefined, drain: () => undefined };

/** A connection that has not said what it is. */
class Arrival implements Duty {
  readonly #socket: Socket;
  readonly #context: GatewayContext;
  readonly #gathered: () => Buffer | null;
  #heardAt: number;
  #begunAt: number | null = null;

  constructor(socket: Socket, context: GatewayContext, gathered: () => Buffer | null) {
    this.#socket = socket;
    this.#context = context;
    this.#gathered = gathered;
    this.#heardAt = context.clock.now();
  }

  heard(): void {
    this.#heardAt = this.#context.clock.now();
    this.#begunAt ??= this.#heardAt;
  }

  sweep(now: number): void {
    const { idleMs, lineMs } = this.#context.limits;
    const gathered = this.#gathered();
    const hasBegun = gathered !== null && !isBlank(gathered);
    const isLate = hasBegun && this.#begunAt !== null && now - this.#begunAt > lineMs;
    if (isLate || now - this.#heardAt > idleMs) this.#socket.destroy();
  }

  drain(): void {
    this.#socket.destroy();
  }
}
