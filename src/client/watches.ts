import { isFinal } from "../task/state.ts";
import { TandaError } from "../task/errors.ts";
import type { Answer } from "./answer.ts";
import { sayWatch } from "./call.ts";
import type { WatchFilter } from "./caller.ts";
import { EventQueue } from "./events.ts";

type Watch = { readonly line: string; readonly isOfOne: boolean; readonly queue: EventQueue };

/** What this client watches; said again on each new connection. */
export class Watches {
  readonly #watches = new Map<number, Watch>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    return this.#watches.size;
  }

  /** `onEnd` is called when nobody reads it any more. */
  add(id: number, filter: WatchFilter, signal: AbortSignal | undefined, onEnd: () => void): EventQueue {
    const onAbort = (): void => queue.fail(signal?.reason);
    const queue = new EventQueue(() => {
      signal?.removeEventListener("abort", onAbort);
      if (this.#watches.delete(id)) onEnd();
    }, this.#now);
    if (signal?.aborted) {
      queue.fail(signal.reason);
      return queue;
    }
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#watches.set(id, { line: sayWatch(id, filter), isOfOne: filter.task !== undefined, queue });
    return queue;
  }

  line(id: number): string {
    return this.#watches.get(id)?.line ?? "";
  }

  lines(): string[] {
    return [...this.#watches.values()].map((watch) => watch.line);
  }

  tell(id: number, answer: Answer): void {
    const watch = this.#watches.get(id);
    if (!watch) return;
    if (answer.status === "failed") watch.queue.fail(TandaError.fromBody(answer.result.error));
    if (answer.status !== "event") return;
    const event = answer.data;
    watch.queue.push(event);
    if (watch.isOfOne && event.type === "state" && isFinal(event.state)) watch.queue.end();
  }

  endAll(): void {
    for (const { queue } of this.#watches.values()) queue.end();
  }

  failAll(error: TandaError): void {
    for (const { queue } of this.#watches.values()) queue.fail(error);
  }
}
