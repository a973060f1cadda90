/** A pool as its tests use it: send by action, await the ending by seq. */
import type { Ending, Pool, Report } from "../../src/worker/pool.ts";

export type Sent = { seq: number; ended: Promise<Ending> };
export type SendOptions = { timeoutMs?: number; attempt?: number; payloadBlob?: string; task?: string };

export class PoolDriver {
  readonly pool: Pool;
  readonly reports: Report[] = [];
  readonly endings: Ending[] = [];
  readonly #waiting = new Map<number, (ending: Ending) => void>();
  #lastSeq = 0;

  constructor(pool: Pool) {
    this.pool = pool;
    pool.onEnd((endings) => {
      for (const ending of endings) {
        this.endings.push(ending);
        this.#waiting.get(ending.seq)?.(ending);
      }
    });
    pool.onReport((reports) => this.reports.push(...reports));
  }

  send(action: string, payload: unknown = null, options: SendOptions = {}): Sent {
    return this.sendMany(action, [payload], options)[0]!;
  }

  sendMany(action: string, payloads: readonly unknown[], options: SendOptions = {}): Sent[] {
    const sent = payloads.map(() => {
      const seq = ++this.#lastSeq;
      const { promise, resolve } = Promise.withResolvers<Ending>();
      this.#waiting.set(seq, resolve);
      return { seq, ended: promise };
    });
    this.pool.run(
      payloads.map((payload, n) => ({
        seq: sent[n]!.seq,
        task: options.task ?? `task-${sent[n]!.seq}`,
        action,
        attempt: options.attempt ?? 1,
        timeoutMs: options.timeoutMs ?? 60_000,
        payload: options.payloadBlob === undefined ? JSON.stringify(payload) : "",
        payloadBlob: options.payloadBlob ?? null,
      })),
    );
    return sent;
  }

  /** The ending of one run. */
  ask(action: string, payload: unknown = null, options: SendOptions = {}): Promise<Ending> {
    return this.send(action, payload, options).ended;
  }

  /** As the engine would: what was returned, or died beside others, goes in again. */
  async insist(action: string, payload: unknown, options: SendOptions = {}): Promise<Ending> {
    const until = performance.now() + 60_000;
    for (;;) {
      const ending = await this.ask(action, payload, options);
      const isOver = ending.type !== "returned" && ending.type !== "died";
      if (isOver || performance.now() > until) return ending;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Ends told twice would be a fault. */
  get repeats(): number {
    return this.endings.length - new Set(this.endings.map(({ seq }) => seq)).size;
  }
}

export function resultOf(ending: Ending): unknown {
  if (ending.type !== "done") throw new Error(`ended as ${JSON.stringify(ending)}`);
  return ending.result === null ? null : JSON.parse(ending.result);
}

export function codeOf(ending: Ending): string {
  return ending.type === "failed" || ending.type === "died" ? ending.error.code : ending.type;
}
