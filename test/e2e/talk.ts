import { connect, type Socket } from "node:net";

/** A plain connection: says what it is told to, and gives the answers one by one. */
export class Talk {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  readonly #lines: string[] = [];
  #rest = "";
  #waiting: (() => void)[] = [];
  #isClosed = false;

  private constructor(port: number, localAddress: string) {
    this.socket = connect({ host: "127.0.0.1", port, localAddress, allowHalfOpen: true });
    this.socket.on("error", () => this.socket.destroy());
    this.socket.setEncoding("utf8").on("data", (text: string) => {
      const lines = (this.#rest + text).split(/\r?\n/);
      this.#rest = lines.pop()!;
      this.#lines.push(...lines);
      this.#tell();
    });
    this.socket.on("end", () => this.socket.end());
    this.closed = new Promise((resolve) => {
      this.socket.once("close", () => {
        this.#isClosed = true;
        this.#tell();
        resolve();
      });
    });
  }

  static open(port: number, localAddress = "127.0.0.1"): Talk {
    return new Talk(port, localAddress);
  }

  send(text: string): void {
    this.socket.write(text);
  }

  async line(withinMs = 5000): Promise<string> {
    const until = performance.now() + withinMs;
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) return line;
      if (this.#isClosed) throw new Error("the connection ended without an answer");
      const leftMs = until - performance.now();
      if (leftMs <= 0) throw new Error(`no answer within ${withinMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Null when it does not answer. */
  async nodeNumber(withinMs: number): Promise<number | null> {
    this.send('{"id":"who","op":"ping"}\n');
    try {
      const { data } = JSON.parse(await this.line(withinMs)) as { data: { node: number } };
      return data.node;
    } catch {
      return null;
    }
  }

  close(): void {
    this.socket.destroy();
  }

  #tell(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
