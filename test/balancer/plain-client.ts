import { connect, type Socket } from "node:net";

/** A plain socket that asks one line at a time. */
export class PlainClient implements Disposable {
  readonly socket: Socket;
  isClosed = false;

  constructor(port: number, localAddress = "127.0.0.1") {
    this.socket = connect({ host: "127.0.0.1", port, localAddress });
    this.socket.setEncoding("utf8");
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => (this.isClosed = true));
  }

  /** @returns the answer, or what happened instead. */
  ask(line = "who", withinMs = 3000): Promise<string> {
    return new Promise((resolve) => {
      const settle = (text: string): void => {
        clearTimeout(timer);
        this.socket.off("data", onData).off("close", onClose);
        resolve(text.trim());
      };
      const onData = (text: string): void => settle(text);
      const onClose = (): void => settle("closed");
      const timer = setTimeout(() => settle("silence"), withinMs);
      if (this.isClosed) return settle("closed");
      this.socket.on("data", onData).on("close", onClose);
      this.socket.write(`${line}\n`);
    });
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** Who answers new connections, `count` at once. */
export async function whoAnswers(port: number, count: number): Promise<Set<string>> {
  const clients = Array.from({ length: count }, () => new PlainClient(port));
  const answers = await Promise.all(clients.map((client) => client.ask("who", 1000)));
  for (const client of clients) client.socket.destroy();
  return new Set(answers.map((answer) => answer.replace(/ for .*/, "")));
}
