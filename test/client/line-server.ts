/** A small server of lines for tests of the client: tasks are remembered by their id, over every connection. */
import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { createServer as createHttpServer } from "node:http";
import { WebSocketServer, type WebSocket } from "ws";

export type Message = {
  id?: number | string;
  action?: string;
  payload?: unknown;
  options?: { task?: string; again?: boolean; wait?: boolean } & Record<string, unknown>;
  op?: string;
  task?: string;
  token?: string;
  watch?: unknown;
} & Record<string, unknown>;

export type Peer = { send(message: object): void; cut(): void; readonly number: number };
/** Answers, or returns false to leave the default answer. */
export type Handler = (message: Message, peer: Peer) => boolean | void;

export class LineServer implements AsyncDisposable {
  readonly received: Message[] = [];
  readonly peers: Peer[] = [];
  /** Sizes of the chunks read, to see what came in one write. */
  readonly reads: string[] = [];
  port = 0;
  handler: Handler = () => false;
  #close: () => Promise<void> = async () => undefined;

  static async tcp(handler?: Handler, port = 0): Promise<LineServer> {
    const self = new LineServer();
    if (handler) self.handler = handler;
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => undefined);
      const peer = self.#peer(
        (text) => socket.write(text),
        () => socket.destroy(),
      );
      let rest = "";
      socket.setEncoding("utf8");
      socket.on("data", (chunk: string) => {
        self.reads.push(chunk);
        const lines = (rest + chunk).split("\n");
        rest = lines.pop()!;
        for (const line of lines) self.#read(line, peer);
      });
    });
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    self.port = (server.address() as AddressInfo).port;
    self.#close = () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
    return self;
  }

  static async socket(handler?: Handler): Promise<LineServer> {
    const self = new LineServer();
    if (handler) self.handler = handler;
    const http = createHttpServer();
    const server = new WebSocketServer({ server: http, path: "/v1/socket" });
    server.on("connection", (socket: WebSocket) => {
      const peer = self.#peer(
        (text) => socket.send(text.trimEnd()),
        () => socket.terminate(),
      );
      socket.on("message", (data: Buffer) => self.#read(data.toString(), peer));
    });
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    self.port = (http.address() as AddressInfo).port;
    self.#close = () =>
      new Promise((resolve) => {
        for (const socket of server.clients) socket.terminate();
        server.close();
        http.close(() => resolve());
        http.closeAllConnections();
      });
    return self;
  }

  get url(): string {
    return `tanda://127.0.0.1:${this.port}`;
  }

  tasks(): Message[] {
    return this.received.filter((message) => message.action !== undefined);
  }

  close(): Promise<void> {
    return this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }

  #peer(write: (text: string) => void, cut: () => void): Peer {
    const peer = {
      number: this.peers.length,
      send: (message: object) => write(`${JSON.stringify(message)}\n`),
      cut,
    };
    this.peers.push(peer);
    return peer;
  }

  #read(line: string, peer: Peer): void {
    const message = JSON.parse(line) as Message;
    this.received.push(message);
    if (this.handler(message, peer)) return;
    answer(message, peer);
  }
}

export function answer(message: Message, peer: Peer): void {
  const { id, action, op, payload } = message;
  const task = message.options?.task;
  if (op === "ping") peer.send({ id, status: "ok", data: { node: 5, state: "ready", at: Date.now() } });
  else if (op !== undefined) peer.send({ id, status: "ok", data: { op, task: message.task } });
  else if (message.options?.wait === false) peer.send({ id, task, status: "queued" });
  else if (action === "fail") peer.send(failed(message, "task_error", "it broke"));
  else {
    const data = typeof payload === "string" ? payload.toUpperCase() : payload;
    peer.send({ id, task, status: "done", result: { ok: true, data } });
  }
}

export function failed(message: Message, code: string, text: string, more: object = {}): object {
  const task = message.options?.task;
  return {
    id: message.id,
    task,
    status: "failed",
    result: { ok: false, error: { code, message: text, ...more } },
  };
}
