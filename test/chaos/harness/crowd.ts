/**
 * Customers who send all the time, each over connections of its own, in every way there is. They keep what they were told, hold it
 * against what they sent, and send again under the same key what they do not know the end of.
 */
import { setTimeout as delay } from "node:timers/promises";
import { SdkCustomer } from "./sdk-customer.ts";
import { PlainCustomer } from "./plain-customer.ts";
import { WebCustomer } from "./web-customer.ts";
import type { Dice } from "./dice.ts";
import { nowMs, type History } from "./history.ts";
import type { Order, Orders, Outcome } from "./orders.ts";
import type { Pulse } from "./pulse.ts";
import type { Verdicts } from "./verdicts.ts";

export const SDK_CUSTOMERS = 6;
const PLAIN_CUSTOMERS = 2;
const TICK_MS = 10;
/** So many seconds of orders may be open; while it is so, no new ones are sent. */
const MOST_OPEN_S = 3;
/** Now and then so many at once. */
const BURST_S = 0.5;
const BURST_CHANCE = 0.001;
/** Every so often one of them comes over a new connection. */
const MOVE_CHANCE = 0.01;
/** A task whose hosts died too often is given up, and who asked is told so: whether rightly, its row shows. */
const GIVEN_UP: ReadonlySet<string> = new Set(["crashed", "lost"]);

export type CrowdOptions = {
  readonly port: number;
  readonly rate: number;
  readonly orders: Orders;
  readonly dice: Dice;
  readonly history: History;
  readonly pulse: Pulse;
  readonly verdicts: Verdicts;
};

/** What a customer says of an order. */
export type Ear = {
  /** @param id of the task, where it is known. */
  told(order: Order, outcome: Outcome, id: string | null, word?: string): void;
  /** An answer that is not this order's. */
  wrong(order: Order, text: string): void;
  /** What a user would see as an error. @param code "" when it has none. */
  failed(order: Order, text: string, code: string): void;
  lostConnection(): void;
};

export class Crowd implements AsyncDisposable {
  readonly #options: CrowdOptions;
  readonly #sdk: SdkCustomer[];
  readonly #plain: PlainCustomer[];
  readonly #web: WebCustomer;
  /** By number: when each was sent; the oldest is first. */
  readonly #open = new Map<number, number>();
  /** Of what was accepted lately, to see that there is a row. */
  #accepted: string[] = [];
  #timer: NodeJS.Timeout | null = null;
  #owed = 0;
  /** Calls that ended in an error which nobody asked for. */
  errors = 0;
  readonly lastErrors: string[] = [];
  lostConnections = 0;
  sentAgain = 0;

  constructor(options: CrowdOptions) {
    this.#options = options;
    const ear: Ear = {
      told: (order, outcome, id, word) => this.#told(order, outcome, id, word),
      wrong: (order, text) => options.verdicts.break("I5", text, order.n),
      failed: (order, text, code) => {
        this.errors++;
        if (!GIVEN_UP.has(code))
          options.verdicts.break("I8", `who sent order ${order.n} (${order.way}) saw: ${text}`, order.n);
        this.lastErrors.push(`${order.way} ${order.n}: ${text}`);
        if (this.lastErrors.length > 20) this.lastErrors.shift();
      },
      lostConnection: () => this.lostConnections++,
    };
    this.#sdk = Array.from({ length: SDK_CUSTOMERS }, () => new SdkCustomer(options.port, ear));
    this.#plain = Array.from({ length: PLAIN_CUSTOMERS }, () => new PlainCustomer(options.port, ear));
    this.#web = new WebCustomer(options.port, ear);
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** No more are sent. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** When the oldest open order was sent; Infinity when none is. */
  get oldestOpenAt(): number {
    return this.#open.values().next().value ?? Infinity;
  }

  /** @returns the numbers of what is open, at most so many. */
  someOpen(most: number): number[] {
    return [...this.#open.keys()].slice(0, most);
  }

  /** Ids that were accepted since this was last asked. */
  takeAccepted(): string[] {
    const accepted = this.#accepted;
    this.#accepted = [];
    return accepted;
  }

  /** Until every order has come to an end for who sent it. @returns whether it did. */
  async settled(withinMs: number): Promise<boolean> {
    for (const until = performance.now() + withinMs; this.#open.size > 0; await delay(50))
      if (performance.now() > until) return false;
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await Promise.all([...this.#sdk, ...this.#plain, this.#web].map((one) => one[Symbol.asyncDispose]()));
  }

  #tick(): void {
    const { rate, dice } = this.#options;
    this.#owed += (rate * TICK_MS) / 1000;
    if (dice.chance() < BURST_CHANCE) this.#owed += rate * BURST_S;
    const room = rate * MOST_OPEN_S - this.#open.size;
    const now = Math.min(Math.floor(this.#owed), Math.max(0, Math.floor(room)));
    if (dice.chance() < MOVE_CHANCE) dice.pick(this.#sdk).move();
    // What could not be sent is not made up for later.
    this.#owed -= Math.floor(this.#owed);
    for (let left = now; left > 0; left--) this.#send();
  }

  #send(): void {
    const order = this.#options.orders.next();
    const { n, way } = order;
    const from = nowMs();
    this.#open.set(n, from);
    void this.#serve(order).then(() => {
      this.#open.delete(n);
      const at = nowMs();
      this.#options.pulse.beat(order, from, at);
      const { history, orders } = this.#options;
      history.addLine(
        `{"t":${at},"who":"customer ${order.payload.customer}","op":"${way}","n":${n},"from":${from},"outcome":"${orders.outcomeOf(n)}"}\n`,
      );
    });
  }

  #serve(order: Order): Promise<void> {
    const { n, way } = order;
    if (way === "web") return this.#web.serve(order);
    if (way === "plain") return this.#plain[n % PLAIN_CUSTOMERS]!.serve(order);
    return this.#sdk[n % SDK_CUSTOMERS]!.serve(order, this.#sdk[(n + 1) % SDK_CUSTOMERS]!);
  }

  #told({ n, key }: Order, outcome: Outcome, id: string | null, word = ""): void {
    const { orders, history } = this.#options;
    orders.tell(n, outcome);
    if (outcome === "unknown") this.sentAgain++;
    if (id !== null && (outcome === "accepted" || outcome === "answered")) this.#accepted.push(id);
    // What went as it should is told once, when it is over.
    if (outcome !== "answered" && (outcome !== "accepted" || word !== ""))
      history.add({ who: "customer", op: "told", n, key, id, outcome, word });
    else if (id !== null)
      history.addLine(
        `{"t":${nowMs()},"who":"customer","op":"told","n":${n},"id":"${id}","outcome":"${outcome}"}\n`,
      );
  }
}
