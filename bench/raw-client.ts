/** The cheapest honest client: lines over one socket, each reply parsed and checked. */
import { connect, type Socket } from "node:net";

type Reply = {
  id: number;
  status: string;
  result?: { ok: boolean; data?: unknown; error?: unknown };
  data?: unknown;
};

export class RawClient {
  readonly #socket: Socket;
  #rest = "";
  #onClose: () => void = () => {};
  #onReply: (reply: Reply) => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => this.#read(text));
    socket.on("close", () => this.#onClose());
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    return new RawClient(socket);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Sends `count` requests with at most `window` unanswered. @returns seconds until the last answer. */
  async pipeline(
    count: number,
    window: number,
    request: (id: number) => string,
    check: (reply: Reply) => boolean,
    onProgress: (done: number) => void = () => {},
  ): Promise<number> {
    const begin = performance.now();
    let sent = 0;
    let got = 0;
    let isPlanned = false;
    return new Promise((resolve, reject) => {
      const pump = (): void => {
        isPlanned = false;
        let lines = "";
        while (sent < count && sent - got < window) lines += `${request(sent++)}\n`;
        if (lines) this.#socket.write(lines);
      };
      this.#onClose = () => reject(new Error(`the connection ended after ${got} of ${count} answers`));
      this.#onReply = (reply) => {
        if (!check(reply)) reject(new Error(`a wrong answer: ${JSON.stringify(reply)}`));
        got++;
        if (got % 1000 === 0) onProgress(got);
        if (got === count) resolve((performance.now() - begin) / 1000);
        else if (!isPlanned && sent < count) {
          isPlanned = true;
          setImmediate(pump);
        }
      };
      pump();
    });
  }

  async ask(request: object): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#onClose = () => reject(new Error("the connection ended before an answer"));
      this.#onReply = (reply) => resolve(reply.data);
      this.#socket.write(`${JSON.stringify({ id: 0, ...request })}\n`);
    });
  }

  #read(text: string): void {
    const all = this.#rest + text;
    let from = 0;
    for (let end = all.indexOf("\n"); end >= 0; end = all.indexOf("\n", from)) {
      this.#onReply(JSON.parse(all.slice(from, end)) as Reply);
      from = end + 1;
    }
    this.#rest = all.slice(from);
  }
}
