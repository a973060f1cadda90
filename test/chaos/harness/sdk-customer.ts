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

export class SdkCustomer implements AsyncDisposable {
  readonly #client: Client;
  readonly #ear: Ear;

  constructor(port: number, ear: Ear) {
    this.#ear = ear;
    this.#client = connect(`tanda://127.0.0.1:${port}`, {
      deadAfter: DEAD_AFTER,
      reconnectFor: RECONNECT_FOR,
      onConnection: (state) => {
        if (state === "lost") ear.lostConnection();
      },
    });
  }

  /** Resolves when all that is wanted of it is known. @param other who asks when this one got no answer. */
  async serve(order: Order, other: SdkCustomer): Promise<void> {
    try {
      await this.#serve(order, other);
    } catch (error) {
      this.#ended(order, error);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client.$.close({ now: true });
  }

  async #serve(order: Order, other: SdkCustomer): Promise<void> {
    const { way, payload, action } = order;
    if (order.key === null) {
      const told = await this.#client.$.run(action, payload);
      return this.#answered(order, told, null);
    }
    const handle = await this.#promised(order, other);
    if (way === "leave") return;
    if (way === "look") return this.#look(order, handle);
    if (way === "cancel") return this.#cancel(order, handle);
    const told = (await handle.result()) as { $blob?: string };
    // A large result that could not be read just then is told as a link.
    if (told.$blob === undefined) return this.#answered(order, told, handle.task);
    this.#answered(order, await this.#fetch(told.$blob), handle.task);
  }

  async #promised(order: Order, other: SdkCustomer): Promise<Handle> {
    const { action, payload, key } = order;
    const options = { key: key!, callTimeout: SUBMIT_WITHIN };
    let isOther = false;
    for (const until = performance.now() + GIVE_UP_MS; ;) {
      try {
        const handle = await (isOther ? other : this).#client.$.submit(action, payload, options);
        this.#ear.told(order, "accepted", handle.task);
        return handle;
      } catch (error) {
        if (!isUnknown(error) || performance.now() > until) throw error;
        this.#ear.told(order, "unknown", null, nameOf(error));
        isOther = !isOther;
      }
    }
  }

  async #look(order: Order, handle: Handle): Promise<void> {
    await delay(LOOK_AFTER_MS);
    const view = await handle.get();
    const seen = view.payload as { n?: number } | undefined;
    if (view.task !== handle.task || view.key !== order.key || seen?.n !== order.n)
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

  async #fetch(blob: string): Promise<unknown> {
    for (let left = LINK_TRIES; ; left--) {
      try {
        return JSON.parse(await text(await this.#client.$.blobs.get(blob)));
      } catch (error) {
        if (left === 0) throw error;
        await delay(250);
      }
    }
  }

  #answered(order: Order, told: unknown, id: string | null): void {
    const complaint = complaintOf(order.payload, told);
    if (complaint !== null) this.#ear.wrong(order, complaint);
    this.#ear.told(order, "answered", id);
  }

  #ended(order: Order, error: unknown): void {
    this.#ear.failed(order, String(error));
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
