/** The bare minimum that answers like a node over HTTP: Node's own server, a body read, parsed, done and answered; nothing is kept. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { endedOnInterruption } from "../interruption.ts";
import type { Server } from "../server.ts";

const SELF = fileURLToPath(import.meta.url);

export function startBareHttp(): Promise<Server> {
  return endedOnInterruption(start());
}

async function start(): Promise<Server> {
  const child = fork(SELF);
  const [port] = (await once(child, "message")) as [number];
  return {
    port,
    pid: child.pid!,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
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
