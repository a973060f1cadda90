/**
 * Clients of the SDK at work, each in every way a client may ask: they keep what they were promised and told, and what they were told is
 * compared with the rows afterwards.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { connect } from "../../src/client/client.ts";
import { DONE, rowsWhere, type Row } from "./psql.ts";

/** What a task is given: its answer says it again. */
export type Asked = {
  readonly client: string;
  readonly n: number;
  readonly ms?: number;
  readonly failures?: number;
  readonly filling?: string;
};
type Told = { readonly client: string; readonly n: number; readonly attempt: number; readonly run: string };
type Large = Told & { readonly filling: string };
type Link = { readonly $blob: string };
type Client = ReturnType<typeof connect>;
type Lane = (client: Client, ask: (more?: Partial<Asked>) => Asked) => Promise<void>;

export type LoadOptions = {
  readonly clients?: number;
  /** What each client does beside the quick calls. Default: all but `large`. */
  readonly lanes?: readonly ("keyed" | "long" | "failing" | "left" | "large")[];
  readonly longMs?: number;
};

const SETTLED_WITHIN_MS = 45_000;
const QUICK_LANES = 2;
const LARGE = "x".repeat(100_000);

export class Load implements AsyncDisposable {
  /** Calls that were answered. */
  answered = 0;
  /** Connections that clients lost. */
  lost = 0;
  readonly #name: string;
  readonly #longMs: number;
  readonly #clients: Client[] = [];
  readonly #lanes: Promise<void>[] = [];
  /** By client and number: all that was accepted, and what was told of it. */
  readonly #accepted = new Map<string, Told | null>();
  readonly #large = new Map<string, { readonly task: string; readonly digest: string }>();
  #count = 0;
  #isOver = false;
  #failure: unknown = null;
  #markedAt = Infinity;
  #recovered = new Set<number>();
  #quick = 0;
  #onRecovered: (() => void) | null = null;

  /** @param name of this load alone: its tasks are found by it. */
  constructor(
    name: string,
    port: number,
    { clients = 4, lanes = ["keyed", "long", "failing", "left"], longMs = 1500 }: LoadOptions = {},
  ) {
    this.#name = name;
    this.#longMs = longMs;
    for (let number = 1; number <= clients; number++) {
      const client = connect(`tanda://127.0.0.1:${port}`, {
        deadAfter: "2s",
        onConnection: (state) => {
          if (state === "lost") this.lost++;
        },
      });
      this.#clients.push(client);
      const own = `${name} ${number}`;
      for (let lane = 0; lane < QUICK_LANES; lane++) this.#quickly(own, client, this.#quick++);
      for (const lane of lanes) this.#repeat(own, client, this[lane]);
    }
  }

  /** Does harm, and resolves when each client has had quick answers to what it asked afterwards. @returns the milliseconds. */
  async recovery(harm: () => unknown = () => undefined): Promise<number> {
    this.#recovered = new Set();
    this.#markedAt = performance.now();
    const from = this.#markedAt;
    const done = new Promise<void>((resolve) => (this.#onRecovered = resolve));
    await harm();
    await done;
    this.#throwFailure();
    return Math.round(performance.now() - from);
  }

  /**
   * Ends the load, and compares: all that was accepted is done in exactly one row, every answer is its asker's, and is the one that
   * was recorded. @returns the rows.
   */
  async settle(url: string): Promise<Row[]> {
    this.#isOver = true;
    await Promise.all(this.#lanes);
    await Promise.all(this.#clients.map((client) => client.$.close()));
    this.#throwFailure();
    assert.ok(this.#accepted.size > 50, `only ${this.#accepted.size} tasks were accepted`);
    const rows = await this.#finalRows(url);
    const found = new Map<string, Row>();
    for (const row of rows) {
      // A large one is known by its id alone.
      if (row.payload === null) continue;
      const { client, n } = row.payload as Asked;
      const name = `${client} ${n}`;
      assert.ok(!found.has(name), `${name} is in two rows: ${found.get(name)?.id} and ${row.id}`);
      found.set(name, row);
    }
    for (const [name, told] of this.#accepted) {
      const large = this.#large.get(name);
      const row = found.get(name) ?? rows.find(({ id }) => id === large?.task);
      assert.ok(row, `${name} was accepted, and there is no row of it`);
      assert.equal(row.state, DONE, `${name}: ${JSON.stringify(row)}`);
      if (large) assert.ok(row.resultBlob?.includes(large.digest), "told one thing, recorded another");
      else if (told !== null) assert.deepEqual(row.result, told, "told one thing, recorded another");
    }
    return rows;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#clients.map((client) => client.$.close({ now: true })));
    await Promise.allSettled(this.#lanes);
  }

  /** Sent twice under its key; then its result is asked for twice. */
  readonly keyed: Lane = async (client, ask) => {
    const asked = ask({ ms: 20 });
    const key = `${asked.client} ${asked.n}`;
    const other = this.#clients[(this.#clients.indexOf(client) + 1) % this.#clients.length]!;
    const handle = await client.$.submit<Told>("tell", asked, { key });
    this.#accept(asked, null);
    const [again, told] = await Promise.all([other.$.submit<Told>("tell", asked, { key }), handle.result()]);
    assert.equal(again.task, handle.task, "one key, two tasks");
    assert.deepEqual(await again.result(), told, "one task, two answers");
    this.#accept(asked, told);
  };

  readonly long: Lane = async (client, ask) => {
    const asked = ask({ ms: this.#longMs });
    this.#accept(asked, await client.$.run<Told>("tell", asked));
  };

  readonly failing: Lane = async (client, ask) => {
    const asked = ask({ failures: 1 });
    const told = await client.$.run<Told>("tell", asked, {
      attempts: 3,
      backoff: { type: "fixed", delay: 50 },
    });
    assert.ok(told.attempt > 1);
    this.#accept(asked, told);
  };

  /** Accepted, and nobody ever asks what became of it. */
  readonly left: Lane = async (client, ask) => {
    const asked = ask();
    await client.$.submit("tell", asked, this.#count % 2 === 0 ? { delay: "300ms" } : {});
    this.#accept(asked, null);
  };

  /** Payload and result lie beside the row. */
  readonly large: Lane = async (client, ask) => {
    const asked = ask({ filling: LARGE });
    const handle = await client.$.submit<Large | Link>("tellLarge", asked);
    const answer = await handle.result();
    // A result that could not be read just then is told as a link.
    const result = "$blob" in answer ? await readLater(client, answer) : answer;
    const { filling, ...told } = result;
    assert.equal(filling, LARGE);
    const digest = createHash("sha256").update(JSON.stringify(result)).digest("hex");
    this.#large.set(`${asked.client} ${asked.n}`, { task: handle.task, digest });
    this.#accept(asked, told);
  };

  #quickly(own: string, client: Client, number: number): void {
    this.#repeat(own, client, async (_client, ask) => {
      const begunAt = performance.now();
      const asked = ask();
      this.#accept(asked, await client.$.run<Told>("tell", asked));
      if (begunAt < this.#markedAt) return;
      this.#recovered.add(number);
      if (this.#recovered.size === this.#quick) this.#onRecovered?.();
    });
  }

  #repeat(own: string, client: Client, lane: Lane): void {
    const run = async (): Promise<void> => {
      while (!this.#isOver) {
        const n = this.#count++;
        await lane(client, (more = {}) => ({ client: own, n, ...more }));
        // The machine is shared; what is looked for is lost answers, not speed.
        await delay(20);
      }
    };
    this.#lanes.push(
      run().catch((error: unknown) => {
        if (!this.#isOver) this.#failure ??= error;
        this.#onRecovered?.();
      }),
    );
  }

  #accept({ client, n }: Asked, told: Told | null): void {
    if (told !== null) {
      this.answered++;
      assert.deepEqual({ client: told.client, n: told.n }, { client, n }, "another's answer");
    }
    this.#accepted.set(`${client} ${n}`, told);
  }

  async #finalRows(url: string): Promise<Row[]> {
    const until = performance.now() + SETTLED_WITHIN_MS;
    const large = [...this.#large.values()].map(({ task }) => `'${task}'`).join();
    const where = `payload like '%"client":"${this.#name} %' ${large && `or id in (${large})`}`;
    for (;;) {
      const rows = await rowsWhere(url, where);
      if (rows.every(({ state }) => state >= DONE)) return rows;
      const open = rows.filter(({ state }) => state < DONE);
      assert.ok(
        performance.now() < until,
        `${open.length} are not final: ${JSON.stringify(open.slice(0, 5))}`,
      );
      await delay(250);
    }
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure;
  }
}

async function readLater(client: Client, link: Link): Promise<Large> {
  for (const until = performance.now() + SETTLED_WITHIN_MS; ; await delay(250)) {
    try {
      return JSON.parse(await text(await client.$.blobs.get(link))) as Large;
    } catch (error) {
      if (performance.now() > until) throw error;
    }
  }
}
