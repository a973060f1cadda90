import { createServer, type Server, type Socket } from "node:net";
import { parseProxyHeader } from "../../src/gateway/proxy-header.ts";

/** A node as a balancer sees it: answers PING with `says`, and every other line with its name and the client's address. */
export class PongNode implements AsyncDisposable {
  says: "PONG" | "DRAINING" | "error: unavailable: not ready" | "nothing" = "PONG";
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(name: string, { isProxy = true } = {}): Promise<PongNode> {
    const server = createServer({ allowHalfOpen: true });
    const node = new PongNode(server);
    server.on("connection", (socket) => node.#serve(socket, name, isProxy));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return node;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  get place(): { host: string; port: number } {
    return { host: "127.0.0.1", port: this.port };
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** As a node that drains: its port is closed, and connections that are there go on. */
  closePort(): void {
    this.#server.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closePort();
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(socket: Socket, name: string, isProxy: boolean): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.on("end", () => socket.end());
    let rest = Buffer.alloc(0);
    let from: string | null = isProxy ? "" : "unknown";
    socket.on("data", (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      if (from === "") {
        const header = parseProxyHeader(rest);
        if (header.type === "undecided") return;
        if (header.type === "invalid") return void socket.destroy();
        from = header.address;
        rest = rest.subarray(header.length);
      }
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
        const line = rest.toString("utf8", 0, end);
        rest = rest.subarray(end + 1);
        if (line !== "PING") socket.write(`${name} for ${from}\n`);
        else if (this.says !== "nothing") socket.write(`${this.says}\n`);
      }
    });
  }
}
