/** A real gateway on a port of its own, with the fake engine behind it, closed at the end of the test. */
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import type { TestContext } from "node:test";
import { createGateway, type Gateway, type GatewayOptions } from "../../src/gateway/gateway.ts";
import { FakeEngine } from "./fake-engine.ts";

export type Opened = {
  gateway: Gateway;
  engine: FakeEngine;
  port: number;
  url: string;
  log: string[];
  skipMs: (ms: number) => void;
};

/** With HTTP loaded, as it soon is behind a node's start, unless `isHttpLater`. */
export async function openGateway(
  t: TestContext,
  { isHttpLater = false, ...options }: Partial<GatewayOptions> & { isHttpLater?: boolean } = {},
): Promise<Opened> {
  const engine = new FakeEngine();
  const log: string[] = [];
  let skippedMs = 0;
  const note = (fields: object, text: string): void => void log.push(`${text} ${JSON.stringify(fields)}`);
  const gateway = createGateway({
    engine,
    listen: [{ host: "127.0.0.1", port: 0, proxy: false }],
    token: null,
    clock: { now: () => Date.now() + skippedMs },
    log: { debug: note, info: note, warn: note, error: note },
    ...options,
  });
  const [address] = await gateway.start();
  t.after(() => gateway.close());
  if (!isHttpLater) await gateway.loadHttp();
  const port = address!.port;
  return {
    gateway,
    engine,
    port,
    url: `http://127.0.0.1:${port}`,
    log,
    skipMs: (ms) => void (skippedMs += ms),
  };
}

/** A client that sees bytes. */
export class Client {
  readonly socket: Socket;
  text = "";
  isEnded = false;
  isClosed = false;
  #wake: (() => void)[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding("utf8");
    socket.on("data", (chunk) => {
      this.text += String(chunk);
      this.#notify();
    });
    socket.on("end", () => {
      this.isEnded = true;
      this.#notify();
    });
    socket.on("close", () => {
      this.isEnded = this.isClosed = true;
      this.#notify();
    });
    socket.on("error", () => undefined);
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  send(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  /** Resolves when it holds; the test's own time limit ends the wait. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  async lines(count: number): Promise<string[]> {
    await this.until(() => this.text.split("\n").length > count || this.isEnded);
    return this.text.split("\n").slice(0, -1);
  }

  async ended(): Promise<string> {
    await this.until(() => this.isEnded);
    return this.text;
  }
}

export async function dial(t: TestContext, port: number, allowHalfOpen = false): Promise<Client> {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen, noDelay: true });
  t.after(() => socket.destroy());
  await once(socket, "connect");
  return new Client(socket);
}

/** Sends, says that it is done, and returns all that came. */
export async function talk(t: TestContext, port: number, bytes: string | Buffer): Promise<string> {
  const client = await dial(t, port);
  client.socket.end(bytes);
  return client.ended();
}
