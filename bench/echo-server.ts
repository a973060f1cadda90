/** The bare minimum that answers like a node: lines over TCP, each parsed, done and answered; nothing is kept. */
import { createServer, type AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { forkServer } from "./forked-server.ts";
import type { Server } from "./server.ts";

const SELF = fileURLToPath(import.meta.url);

export function startEchoServer(): Promise<Server> {
  return forkServer(SELF);
}

function serve(): void {
  const server = createServer({ noDelay: true }, (socket) => {
    let rest = "";
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      let answers = "";
      for (const line of lines) {
        const { id, payload } = JSON.parse(line) as { id: number; payload: string };
        const result = { ok: true, data: payload.toUpperCase() };
        answers += `${JSON.stringify({ id, status: "done", result })}\n`;
      }
      if (answers) socket.write(answers);
    });
    socket.on("error", () => undefined);
  });
  process.once("disconnect", () => process.exit());
  server.listen(0, "127.0.0.1", () => process.send!((server.address() as AddressInfo).port));
}

if (process.argv[1] === SELF) serve();
