/** One action on this node: which lane it runs in, how many at once, how many are in hand. */
import type { ActionInfo } from "../task/task.ts";
import type { Run } from "./pool.ts";
import { EXCLUSIVE, SHARED, type Lane } from "./slots.ts";
import { encodeRunHead } from "./thread-wire.ts";

export class ActionLoad {
  readonly name: string;
  readonly lane: Lane;
  /** At once on this node, null = one a thread. */
  readonly limit: number | null;
  /** At once in one thread, in the shared lane. */
  readonly perThread: number;
  /** By the thread that has them. */
  readonly #perLink = new Map<object, number>();
  #inHand = 0;
  #headOf = { attempt: 0, timeoutMs: 0, text: "" };

  constructor(info: ActionInfo, threads: number) {
    this.name = info.name;
    this.limit = info.concurrency;
    this.lane = info.concurrency !== null && info.concurrency > threads ? SHARED : EXCLUSIVE;
    this.perThread = info.concurrency === null ? 1 : Math.ceil(info.concurrency / threads);
  }

  /** See {@link encodeRunHead}: runs of one kind come one after another. */
  head({ attempt, timeoutMs }: Run): string {
    if (attempt !== this.#headOf.attempt || timeoutMs !== this.#headOf.timeoutMs) {
      const text = encodeRunHead(JSON.stringify(this.name), attempt, timeoutMs);
      this.#headOf = { attempt, timeoutMs, text };
    }
    return this.#headOf.text;
  }

  get inHand(): number {
    return this.#inHand;
  }

  get linkCount(): number {
    return this.#perLink.size;
  }

  on(link: object): number {
    return this.#perLink.get(link) ?? 0;
  }

  handed(link: object): void {
    this.#inHand++;
    if (this.limit !== null) this.#perLink.set(link, this.on(link) + 1);
  }

  taken(link: object): void {
    this.#inHand--;
    if (this.limit === null) return;
    const left = this.on(link) - 1;
    if (left > 0) this.#perLink.set(link, left);
    else this.#perLink.delete(link);
  }
}
