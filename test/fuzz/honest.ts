/**
 * Clients that do nothing wrong, one of each kind, on connections that last through all the noise. Each asks again and again, and
 * must get exactly its own right answer, within seconds. What they send bears a mark that nobody else can know.
 */
import { randomBytes } from "node:crypto";
import { Agent, request } from "node:http";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { WebSocket } from "ws";

/** An answer takes milliseconds. The rest is for a machine with other work. */
const LATE_MS = 20_000;
const PAUSE_MS = 15;

export class Honest {
  readonly mark = `honest-${randomBytes(12).toString("hex")}`;
  readonly faults: string[] = [];
  answered = 0;
  readonly #port: number;
  readonly #socket: Socket;
  readonly #ws: WebSocket;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #isOver = false;
  #talks: Promise<void>[] = [];
  #asked = 0;

  private constructor(port: number, socket: Socket, ws: WebSocket) {
    this.#port = port;
    this.#socket = socket;
    this.#ws = ws;
  }

  static async start(port: number): Promise<Honest> {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    const ws = new WebSocket(`ws://127.0.0.1:${port}/v1/socket`);
    await Promise.all([once(socket, "connect"), new Promise((resolve) => ws.once("open", resolve))]);
    const honest = new Honest(port, socket, ws);
    honest.#begin();
    return honest;
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#talks);
    this.#socket.destroy();
    this.#ws.terminate();
    this.#agent.destroy();
  }

  #begin(): void {
    const lines = createInterface({ input: this.#socket });
    const onLine: ((text: string) => void)[] = [];
    const onMessage: ((text: string) => void)[] = [];
    const unasked = (text: string): void =>
      void this.faults.push(`an honest client is told what it did not ask: ${text.slice(0, 300)}`);
    lines.on("error", () => {});
    lines.on("line", (text) => (onLine.shift() ?? unasked)(text));
    this.#ws.on("message", (data) => (onMessage.shift() ?? unasked)((data as Buffer).toString("utf8")));
    const lost = (what: string) => (): void => {
      if (!this.#isOver) this.faults.push(`an honest client lost its ${what}`);
    };
    this.#socket.on("error", () => {}).once("close", lost("connection of lines"));
    this.#ws.on("error", () => {}).once("close", lost("WebSocket"));
    const told = (waiting: ((text: string) => void)[]): Promise<string> =>
      new Promise((resolve) => waiting.push(resolve));
    this.#talks = [
      this.#talk("lines", async (id, payload) => {
        this.#socket.write(`{"id":"${id}","action":"echo","payload":"${payload}"}\n`);
        return told(onLine);
      }),
      this.#talk("WebSocket", async (id, payload) => {
        this.#ws.send(`{"id":"${id}","action":"echo","payload":"${payload}"}`);
        return told(onMessage);
      }),
      this.#talk("HTTP", (_id, payload) => this.#post(payload)),
    ];
  }

  /** One question after another, until it is stopped or something is wrong. */
  async #talk(how: string, ask: (id: string, payload: string) => Promise<string>): Promise<void> {
    while (!this.#isOver && this.faults.length === 0) {
      const n = ++this.#asked;
      const [id, payload] = [`${this.mark}-${n}`, `${this.mark}-${n}-ñ`];
      const over = new AbortController();
      const late = delay(LATE_MS, null, { signal: over.signal }).catch(() => null);
      const answer = await Promise.race([ask(id, payload).catch(String), late]);
      over.abort();
      const wanted =
        how === "HTTP"
          ? `"result":"${payload}"}`
          : `{"id":"${id}","status":"done","result":{"ok":true,"data":"${payload}"}}`;
      const isRight = answer !== null && (how === "HTTP" ? answer.endsWith(wanted) : answer === wanted);
      if (isRight) this.answered++;
      else if (!this.#isOver)
        this.faults.push(
          `an honest client by ${how} got ${answer?.slice(0, 500) ?? "nothing in time"} for ${wanted}`,
        );
      await delay(PAUSE_MS);
    }
  }

  #post(payload: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const body = JSON.stringify({ action: "echo", payload });
      const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
      const asking = request(
        {
          host: "127.0.0.1",
          port: this.#port,
          method: "POST",
          path: "/v1/tasks?wait=10",
          agent: this.#agent,
          headers,
        },
        (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (part: string) => (text += part));
          response.on("end", () => resolve(text));
        },
      );
      asking.on("error", reject).end(body);
    });
  }
}

function once(socket: Socket, event: string): Promise<void> {
  return new Promise((resolve) => socket.once(event, () => resolve()));
}
