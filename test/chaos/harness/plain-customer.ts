/**
 * A customer with a plain socket, who sees each answer as it is: `queued` is accepted, `busy` refused, all else unknown, and so is no
 * answer. What is unknown is sent again under the same key, over a new connection; what was refused is left.
 */
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import type { LineReply } from "../../e2e/lines.ts";
import type { Ear } from "./crowd.ts";
import type { Order } from "./orders.ts";

const ANSWER_WITHIN_MS = 4000;
const REST_MS = 200;
const GIVE_UP_MS = 150_000;

type Heard = LineReply | "nothing";

export class PlainCustomer implements AsyncDisposable {
  readonly #port: number;
  readonly #ear: Ear;
  readonly #waiting = new Map<number, (heard: Heard) => void>();
  #socket: Socket | null = null;
  #lastId = 0;
  #isClosed = false;

  constructor(port: number, ear: Ear) {
    this.#port = port;
    this.#ear = ear;
  }

  async serve(order: Order): Promise<void> {
    // What may have been kept is not refused any more by a later `busy`.
    let isUnknown = false;
    for (const until = performance.now() + GIVE_UP_MS; !this.#isClosed; await delay(REST_MS)) {
      const heard = await this.#ask(order);
      const code = heard === "nothing" ? "nothing" : heard.result?.error?.code;
      if (heard !== "nothing" && heard.task !== undefined && code === undefined) {
        this.#ear.told(order, "accepted", heard.task);
        return;
      }
      if (code === "busy" && !isUnknown) {
        this.#ear.told(order, "refused", null, code);
        return;
      }
      isUnknown = true;
      this.#ear.told(order, "unknown", null, code ?? "?");
      if (code !== "nothing" && code !== "unavailable" && code !== "busy")
        this.#ear.failed(order, JSON.stringify(heard).slice(0, 300), code ?? "");
      if (performance.now() > until) return;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#socket?.destroy();
    await Promise.resolve();
  }

  #ask({ action, payload, key }: Order): Promise<Heard> {
    const socket = (this.#socket ??= this.#connect());
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      const over = (heard: Heard): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(heard);
      };
      // Who does not answer is left.
      const timer = setTimeout(() => socket.destroy(), ANSWER_WITHIN_MS);
      this.#waiting.set(id, over);
      socket.write(`${JSON.stringify({ id, action, payload, options: { wait: false, key } })}\n`);
    });
  }

  #connect(): Socket {
    const socket = connect({ port: this.#port, host: "127.0.0.1", noDelay: true });
    const first = this.#lastId;
    socket.on("error", () => {});
    socket.once("close", () => {
      if (this.#socket === socket) this.#socket = null;
      if (!this.#isClosed) this.#ear.lostConnection();
      for (const [id, over] of this.#waiting) if (id > first) over("nothing");
    });
    const lines = createInterface({ input: socket });
    // It passes on the socket's errors.
    lines.on("error", () => {});
    lines.on("line", (line) => {
      if (!line.startsWith("{")) return;
      const reply = JSON.parse(line) as LineReply;
      this.#waiting.get(reply.id as number)?.(reply);
    });
    return socket;
  }
}
