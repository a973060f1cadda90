/** A plain socket that speaks lines: sends what it is told, gives back each answer by its id. */
import { connect, type Socket } from "node:net";

export type LineReply = {
  id?: unknown;
  task?: string;
  status: string;
  result?: {
    ok: boolean;
    data?: unknown;
    error?: { code: string; message: string; hint?: string; retryAfterMs?: number };
  };
  data?: unknown;
};

export class Lines implements Disposable {
  readonly socket: Socket;
  /** Every line as it came. */
  readonly raw: string[] = [];
  readonly #waiting = new Map<unknown, (reply: LineReply) => void>();
  #rest = "";
  #lastId = 0;
  onReply: (reply: LineReply) => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding("utf8");
    socket.on("error", () => {});
    socket.on("data", (text: string) => {
      const lines = (this.#rest + text).split("\n");
      this.#rest = lines.pop()!;
      for (const line of lines) this.#take(line);
    });
  }

  static async open(port: number): Promise<Lines> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    return new Lines(socket);
  }

  /** Adds an id, sends, and waits for the answer with that id. */
  ask(request: object): Promise<LineReply> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, resolve);
      this.socket.once("close", () => reject(new Error("the connection ended")));
      this.socket.setMaxListeners(0);
      this.socket.write(`${JSON.stringify({ id, ...request })}\n`);
    });
  }

  async askAll(requests: readonly object[]): Promise<LineReply[]> {
    return Promise.all(requests.map((request) => this.ask(request)));
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #take(line: string): void {
    this.raw.push(line);
    if (!line.startsWith("{")) return;
    const reply = JSON.parse(line) as LineReply;
    this.onReply(reply);
    const waiting = this.#waiting.get(reply.id);
    if (waiting && reply.status !== "event") {
      this.#waiting.delete(reply.id);
      waiting(reply);
    }
  }
}
