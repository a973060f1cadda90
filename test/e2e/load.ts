/** Clients of the SDK that send one task after another, and notice every answer that is missing, wrong or late. */
import assert from "node:assert/strict";
import { connect } from "../../src/client/client.ts";

export type LoadOptions = {
  readonly clients?: number;
  /** Calls that a client has under way at once. */
  readonly lanes?: number;
  readonly token?: string;
};

/** One that is silent for so long is left; soon, so that a test need not wait. */
const DEAD_AFTER = "2s";

export class Load implements AsyncDisposable {
  /** Calls that were answered. */
  answered = 0;
  /** Connections that clients lost, of all of them. */
  lost = 0;
  readonly #clients: ReturnType<typeof connect>[] = [];
  readonly #lanes: Promise<void>[] = [];
  readonly #answers = new Map<string, number>();
  #asked = 0;
  #isOver = false;
  #failure: unknown = null;
  #markedAt = Infinity;
  /** Lanes that had a call begun and answered after the mark. */
  #recovered = new Set<number>();
  #onRecovered: (() => void) | null = null;

  constructor(port: number, { clients = 9, lanes = 3 }: LoadOptions = {}) {
    for (let number = 0; number < clients; number++) {
      const client = connect(`tanda://127.0.0.1:${port}`, {
        deadAfter: DEAD_AFTER,
        reconnectFor: "40s",
        onConnection: (state) => {
          if (state === "lost") this.lost++;
        },
      });
      this.#clients.push(client);
      for (let lane = 0; lane < lanes; lane++) this.#lanes.push(this.#run(client, this.#lanes.length));
    }
  }

  /** Resolves when every client is at work. */
  async warm(): Promise<void> {
    await this.recovery(() => undefined);
  }

  /** Does harm, and resolves when every lane has had an answer to a call that began after it. @returns the milliseconds. */
  async recovery(harm: () => unknown): Promise<number> {
    this.#recovered = new Set();
    this.#markedAt = performance.now();
    const from = this.#markedAt;
    const done = new Promise<void>((resolve) => (this.#onRecovered = resolve));
    await harm();
    await done;
    this.#throwFailure();
    return Math.round(performance.now() - from);
  }

  /** Resolves when all is answered. Rejects when a call failed, had a wrong answer, none or two. */
  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#lanes);
    await Promise.all(this.#clients.map((client) => client.$.close()));
    this.#throwFailure();
    assert.equal(this.answered, this.#asked, "a call without an answer");
    assert.equal(this.#answers.size, this.#asked, "a call that was answered with another's answer");
    for (const [text, count] of this.#answers) assert.equal(count, 1, `${text} was answered ${count} times`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#clients.map((client) => client.$.close({ now: true })));
    await Promise.allSettled(this.#lanes);
  }

  async #run(client: ReturnType<typeof connect>, lane: number): Promise<void> {
    try {
      for (let n = 0; !this.#isOver; n++) {
        const text = `lane ${lane} call ${n}`;
        const begunAt = performance.now();
        this.#asked++;
        const answer = await client.$.run("upper", text);
        this.answered++;
        this.#answers.set(String(answer), (this.#answers.get(String(answer)) ?? 0) + 1);
        assert.equal(answer, text.toUpperCase());
        if (begunAt >= this.#markedAt) this.#recover(lane);
        // The machine is shared; what is looked for is lost answers, not speed.
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    } catch (error) {
      if (!this.#isOver || this.#failure === null) this.#failure ??= error;
      this.#recover(lane);
    }
  }

  #recover(lane: number): void {
    this.#recovered.add(lane);
    if (this.#recovered.size === this.#lanes.length) this.#onRecovered?.();
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure;
  }
}
