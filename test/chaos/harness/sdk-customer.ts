/** A customer with the real client. What the client repeats by itself it repeats; what takes too long all the same is sent again under its key. */
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { connect, TandaError, type Handle } from "../../../src/client/client.ts";
import { Dice } from "./dice.ts";
import type { Ear } from "./crowd.ts";
import type { Order } from "./orders.ts";
import { complaintOf } from "./work.ts";

/** After so long a submit's outcome is unknown. */
const SUBMIT_WITHIN = "4s";
/** Longer than any fault and its recovery: what is not answered by then never will be. */
const GIVE_UP_MS = 150_000;
const RECONNECT_FOR = "150s";
const DEAD_AFTER = "2s";
const LOOK_AFTER_MS = 400;
const LINK_TRIES = 40;

type Client = ReturnType<typeof connect>;
/** Orders that are served over it; one that is left is closed when they are done. */
type Line = { readonly client: Client; uses: number; isLeft: boolean };

export class SdkCustomer implements AsyncDisposable {
  readonly #port: number;
  readonly #ear: Ear;
  readonly #lines = new Set<Line>();
  #line: Line;
  #isClosed = false;

  constructor(port: number, ear: Ear) {
    this.#port = port;
    this.#ear = ear;
    this.#line = this.#open();
  }

  /** From now on over another connection: where the balancer finds that fewest are. */
  move(): void {
    const before = this.#line;
    this.#line = this.#open();
    before.isLeft = true;
    this.#closeIfIdle(before);
  }

  /** Resolves when all that is wanted of it is known. @param other who asks when this one got no answer. */
  async serve(order: Order, other: SdkCustomer): Promise<void> {
    const lines = [this.#line, other.#line] as const;
    for (const line of lines) line.uses++;
    try {
      await this.#serve(order, lines[0].client, lines[1].client);
    } catch (error) {
      this.#ended(order, error);
    }
    for (const line of lines) line.uses--;
    this.#closeIfIdle(lines[0]);
    other.#closeIfIdle(lines[1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#lines].map(({ client }) => client.$.close({ now: true })));
  }

  #open(): Line {
    const client = connect(`tanda://127.0.0.1:${this.#port}`, {
      deadAfter: DEAD_AFTER,
      reconnectFor: RECONNECT_FOR,
      onConnection: (state) => {
        if (state === "lost" && !line.isLeft) this.#ear.lostConnection();
      },
    });
    const line: Line = { client, uses: 0, isLeft: false };
    this.#lines.add(line);
    return line;
  }

  #closeIfIdle(line: Line): void {
    if (!line.isLeft || line.uses > 0) return;
    this.#lines.delete(line);
    void line.client.$.close();
  }

  async #serve(order: Order, client: Client, other: Client): Promise<void> {
    const { way, payload, action } = order;
    if (order.key === null) {
      const told = await client.$.run(action, payload);
      return this.#answered(order, told, null);
    }
    const handle = await this.#promised(order, client, other);
    if (way === "leave") return;
    if (way === "look") return this.#look(order, handle);
    if (way === "cancel") return this.#cancel(order, handle);
    const told = (await handle.result()) as { $blob?: string };
    // A large result that could not be read just then is told as a link.
    if (told.$blob === undefined) return this.#answered(order, told, handle.task);
    this.#answered(order, await fetchLarge(client, told.$blob), handle.task);
  }

  async #promised(order: Order, client: Client, other: Client): Promise<Handle> {
    const { action, payload, key } = order;
    const options = { key: key!, callTimeout: SUBMIT_WITHIN };
    let isOther = false;
    for (const until = performance.now() + GIVE_UP_MS; ;) {
      try {
        const handle = await (isOther ? other : client).$.submit(action, payload, options);
        this.#ear.told(order, "accepted", handle.task);
        return handle;
      } catch (error) {
        if (!isUnknown(error) || this.#isClosed || performance.now() > until) throw error;
        this.#ear.told(order, "unknown", null, nameOf(error));
        isOther = !isOther;
      }
    }
  }

  async #look(order: Order, handle: Handle): Promise<void> {
    await delay(LOOK_AFTER_MS);
    const view = await handle.get();
    const seen = view.payload as { n?: number } | undefined;
    if (view.task !== handle.task || seen?.n !== order.n)
      this.#ear.wrong(order, `asked for task ${order.n}, shown ${JSON.stringify(view).slice(0, 300)}`);
  }

  async #cancel(order: Order, handle: Handle): Promise<void> {
    await delay(Dice.of(order.n, 1).between(0, order.payload.ms));
    try {
      await handle.cancel();
      this.#ear.told(order, "ended", handle.task, "cancelled");
    } catch (error) {
      // It was done before.
      if (!(error instanceof TandaError && error.code === "conflict")) throw error;
    }
  }

  #answered(order: Order, told: unknown, id: string | null): void {
    const complaint = complaintOf(order.payload, told);
    if (complaint !== null) this.#ear.wrong(order, complaint);
    this.#ear.told(order, "answered", id);
  }

  #ended(order: Order, error: unknown): void {
    // Who is no customer any more has not seen it.
    if (this.#isClosed) return;
    this.#ear.failed(order, String(error), nameOf(error));
    this.#ear.told(order, isUnknown(error) ? "unknown" : "ended", null, nameOf(error));
  }
}

/** Nobody said that it was not kept. */
function isUnknown(error: unknown): boolean {
  return !(error instanceof TandaError) || error.code === "unavailable" || error.code === "internal";
}

function nameOf(error: unknown): string {
  return error instanceof TandaError ? error.code : (error as Error).name;
}

async function fetchLarge(client: Client, blob: string): Promise<unknown> {
  for (let left = LINK_TRIES; ; left--) {
    try {
      return JSON.parse(await text(await client.$.blobs.get(blob)));
    } catch (error) {
      if (left === 0) throw error;
      await delay(250);
    }
  }
}
