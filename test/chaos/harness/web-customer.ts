/**
 * A customer of HTTP, as any program may be: it posts under a key and waits for the end as long as one request may, then asks for
 * the result alone. Each request comes over a connection of its own, so to whichever gateway the balancer likes. What is unknown is
 * posted again under the same key, what was refused is left.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Ear } from "./crowd.ts";
import type { Order } from "./orders.ts";
import { complaintOf } from "./work.ts";

const PREFER = "wait=2";
const ANSWER_WITHIN_MS = 4000;
const REST_MS = 200;
const GIVE_UP_MS = 150_000;
/** Said while something is away; it may be as well that it was kept. */
const PASSING: ReadonlySet<string> = new Set(["nothing", "unavailable", "busy"]);

type Heard = {
  readonly status: number;
  readonly body: { readonly task?: string; readonly result?: unknown; readonly code?: string };
};
/** No answer, or a part of one. */
const NOTHING: Heard = { status: 0, body: { code: "nothing" } };

export class WebCustomer implements AsyncDisposable {
  readonly #base: string;
  readonly #ear: Ear;
  readonly #over = new AbortController();

  constructor(port: number, ear: Ear) {
    this.#base = `http://127.0.0.1:${port}/v1/tasks`;
    this.#ear = ear;
  }

  async serve(order: Order): Promise<void> {
    const task = await this.#post(order);
    if (task === null) return;
    for (const until = performance.now() + GIVE_UP_MS; this.#goesOn(until); await delay(REST_MS)) {
      const { status, body } = await this.#ask(`${this.#base}/${task}/result`);
      if (status === 200) return this.#answered(order, body, task);
      if (status === 202 || PASSING.has(body.code ?? "")) continue;
      return this.#failed(order, status, body);
    }
    this.#failed(order, 0, { task, code: "nothing" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await Promise.resolve();
  }

  /** @returns the task that is still to be asked for. */
  async #post(order: Order): Promise<string | null> {
    const { action, payload, key } = order;
    // What may have been kept is not refused any more by a later `busy`.
    let isUnknown = false;
    for (const until = performance.now() + GIVE_UP_MS; this.#goesOn(until); await delay(REST_MS)) {
      const { status, body } = await this.#ask(this.#base, { key: key!, body: { action, payload } });
      if (status === 200 || status === 202) {
        this.#ear.told(order, "accepted", body.task!);
        if (status === 202) return body.task!;
        this.#answered(order, body.result, body.task!);
        return null;
      }
      const code = body.code ?? "?";
      if (code === "busy" && !isUnknown) {
        this.#ear.told(order, "refused", null, code);
        return null;
      }
      if (!PASSING.has(code)) {
        this.#failed(order, status, body);
        return null;
      }
      isUnknown = true;
      this.#ear.told(order, "unknown", null, code);
    }
    return null;
  }

  #goesOn(until: number): boolean {
    return !this.#over.signal.aborted && performance.now() < until;
  }

  async #ask(url: string, post?: { key: string; body: object }): Promise<Heard> {
    const signal = AbortSignal.any([this.#over.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
    try {
      const headers: Record<string, string> = { prefer: PREFER, connection: "close" };
      if (post !== undefined)
        Object.assign(headers, { "content-type": "application/json", "idempotency-key": post.key });
      const how = post === undefined ? {} : { method: "POST", body: JSON.stringify(post.body) };
      const response = await fetch(url, { ...how, headers, signal });
      return { status: response.status, body: (await response.json()) as Heard["body"] };
    } catch {
      if (!this.#over.signal.aborted) this.#ear.lostConnection();
      return NOTHING;
    }
  }

  #answered(order: Order, told: unknown, task: string): void {
    const complaint = complaintOf(order.payload, told);
    if (complaint !== null) this.#ear.wrong(order, complaint);
    this.#ear.told(order, "answered", task);
  }

  #failed(order: Order, status: number, body: Heard["body"]): void {
    // Who is no customer any more has not seen it.
    if (this.#over.signal.aborted) return;
    this.#ear.failed(order, `${status} ${JSON.stringify(body).slice(0, 300)}`, body.code ?? "");
    this.#ear.told(order, "ended", null, body.code ?? "?");
  }
}
