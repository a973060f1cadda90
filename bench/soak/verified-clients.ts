/** Clients that keep to a rate, check every answer, and know what they were promised. */
import { connect } from "../../src/client/client.ts";
import { answerTo } from "./actions.ts";

const CLIENTS = 8;
const TICK_MS = 10;

export class VerifiedClients {
  /** Accepted: waited for, or promised. */
  accepted = 0;
  wrong: string[] = [];
  lostConnections = 0;
  readonly #clients: ReturnType<typeof connect>[];
  readonly #calls = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #asked = 0;

  constructor(port: number, perSecond: number) {
    this.#clients = Array.from({ length: CLIENTS }, () =>
      connect(`tanda://127.0.0.1:${port}`, {
        reconnectFor: "2m",
        onConnection: (state) => {
          if (state === "lost") this.lostConnections++;
        },
      }),
    );
    const begunAt = performance.now();
    this.#timer = setInterval(() => {
      const due = ((performance.now() - begunAt) / 1000) * perSecond;
      while (this.#asked < due) this.#ask(this.#asked++);
    }, TICK_MS);
  }

  get asked(): number {
    return this.#asked;
  }

  /** Of a thread, in the middle of work. @returns how it ended. */
  async poison(): Promise<string> {
    try {
      await this.#clients[0]!.$.run("poison", null);
      return "done";
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    }
  }

  /** Begins nothing more. Resolves when all that was begun is answered. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    while (this.#calls.size > 0) await Promise.all(this.#calls);
    await Promise.all(this.#clients.map((client) => client.$.close()));
  }

  #ask(n: number): void {
    const call = this.#askOne(n).catch(
      (error: unknown) => void this.wrong.push(`call ${n}: ${String(error)}`),
    );
    this.#calls.add(call);
    void call.then(() => this.#calls.delete(call));
  }

  /** Every second one is waited for. */
  async #askOne(n: number): Promise<void> {
    const client = this.#clients[n % CLIENTS]!.$;
    const text = `call ${n}`;
    if (n % 2 === 0) {
      const answer = await client.run("work", text);
      if (answer !== answerTo(text)) this.wrong.push(`${text} was answered ${String(answer)}`);
    } else await client.submit("work", text);
    this.accepted++;
  }
}
