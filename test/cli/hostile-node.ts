/** Stands before a real node and adds to every text that it tells what a terminal would obey. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { createInterface } from "node:readline";

/** Title, clipboard, clear, colours, the 8-bit ways to say them, a bell, a carriage return, marks of direction. */
export const HOSTILE =
  "\u001b]0;owned\u0007\u001b]52;c;b3duZWQ=\u0007\u001b[2J\u001b[31mred\u001b[8mhidden\u009b5n\u0090q\u009c\u0008\u007f\rover\u202efdp\u2066\u0000";

/** What programs read, which is of a closed set. */
const WORDS: ReadonlySet<string> = new Set([
  "id",
  "status",
  "state",
  "code",
  "type",
  "mode",
  "task",
  "$blob",
]);

export class HostileNode implements AsyncDisposable {
  readonly port: number;
  readonly #close: () => void;

  private constructor(port: number, close: () => void) {
    this.port = port;
    this.#close = close;
  }

  static async before(nodePort: number): Promise<HostileNode> {
    const sockets = new Set<Socket>();
    const server = createServer((client) => {
      const node = connect(nodePort, "127.0.0.1");
      for (const socket of [client, node]) {
        sockets.add(socket);
        socket.on("error", () => undefined).on("close", () => (client.destroy(), node.destroy()));
      }
      client.pipe(node);
      createInterface({ input: node }).on("line", (line) => client.write(`${poisoned(line)}\n`));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new HostileNode((server.address() as AddressInfo).port, () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
  }
}

function poisoned(line: string): string {
  return JSON.stringify(JSON.parse(line), (name, value: unknown) =>
    typeof value === "string" && !WORDS.has(name) ? `${value}${HOSTILE}` : value,
  );
}
