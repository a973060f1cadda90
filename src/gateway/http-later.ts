/**
 * The HTTP door, loaded behind the start: what goes with it takes a third of a second, which nobody who speaks lines has to wait
 * for. Part by part, so that lines are answered in between: to who asks a node every half second, one that stands still is dead.
 */
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Peer } from "./connections.ts";
import type { GatewayContext } from "./context.ts";
import type { Http } from "./http.ts";

const BETWEEN_MS = 10;

/** What `http.ts` imports, the heavy ones first by themselves. */
const PARTS = [
  () => import("fastify"),
  () => import("@fastify/swagger"),
  () => import("prom-client"),
  () => import("ws"),
];

export class HttpLater {
  readonly #context: GatewayContext;
  readonly #version: string;
  #http: Http | null = null;
  #opening: Promise<Http> | null = null;

  constructor(context: GatewayContext, version: string) {
    this.#context = context;
    this.#version = version;
  }

  /** Unless somebody spoke it before. */
  async load(): Promise<void> {
    await this.#open();
  }

  /** What was read of the connection is back in its socket. */
  take(socket: Socket, peer: Peer): void {
    if (this.#http !== null) return this.#http.take(socket, peer);
    this.#open().then(
      (http) => {
        if (!socket.destroyed) http.take(socket, peer);
      },
      (error: unknown) => {
        this.#context.log.error({ err: error }, "HTTP cannot be spoken");
        socket.destroy();
      },
    );
  }

  /** Those who wait to be taken have begun a request, and get their answer. */
  drain(): void {
    this.#opening?.then(
      (http) => http.drain(),
      () => {},
    );
  }

  async close(): Promise<void> {
    const http = await this.#opening?.catch(() => null);
    await http?.close();
  }

  #open(): Promise<Http> {
    this.#opening ??= this.#load();
    // Whoever comes next tries again.
    this.#opening.catch(() => (this.#opening = null));
    return this.#opening;
  }

  async #load(): Promise<Http> {
    for (const load of PARTS) {
      await load();
      await delay(BETWEEN_MS);
    }
    const { Http } = await import("./http.ts");
    return (this.#http = await Http.open(this.#context, this.#version));
  }
}
