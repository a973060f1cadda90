/** The bare minimum that answers like a node over HTTP: Node's own server, a body read, parsed, done and answered; nothing is kept. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { forkServer } from "../forked-server.ts";
import type { Server } from "../server.ts";

const SELF = fileURLToPath(import.meta.url);

export function startBareHttp(): Promise<Server> {
  return forkServer(SELF);
}

function serve(): void {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const { payload } = JSON.parse(Buffer.concat(parts).toString()) as { payload: string };
      const body = JSON.stringify({ status: "done", result: payload.toUpperCase() });
      response.writeHead(200, {
        "content-type": "application/json; charset=utf-8",
        "content-length": Buffer.byteLength(body),
      });
      response.end(body);
    });
  });
  process.once("disconnect", () => process.exit());
  server.listen(0, "127.0.0.1", () => process.send!((server.address() as AddressInfo).port));
}

if (process.argv[1] === SELF) serve();
