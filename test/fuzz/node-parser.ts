/** What Node's own HTTP parser makes of some bytes. */
import { createServer, type IncomingHttpHeaders } from "node:http";
import { Duplex } from "node:stream";

export type Seen = {
  readonly count: number;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};

/** @returns null when it refuses them. */
export function readByNode(bytes: Buffer): Promise<Seen | null> {
  return new Promise((resolve) => {
    let seen: Seen | null = null;
    let count = 0;
    const server = createServer({ maxHeaderSize: 16_384 }, (request) => {
      count++;
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        const { method = "", url = "", headers } = request;
        seen ??= { count, method, url, headers, body: Buffer.concat(parts) };
        setImmediate(done);
      });
    });
    const socket = new Duplex({ read() {}, write: (_chunk, _encoding, then) => then() });
    const done = (): void => {
      socket.destroy();
      resolve(seen && { ...seen, count });
    };
    server.on("clientError", done);
    server.emit("connection", socket);
    socket.push(bytes);
    socket.push(null);
  });
}
