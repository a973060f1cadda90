/** One action on this node: which lane it runs in, how many at once, how many are in hand. */
import type { ActionInfo } from "../task/task.ts";
import { EXCLUSIVE, SHARED, type Lane } from "./slots.ts";

export class ActionLoad {
  readonly name: string;
  /** The name as JSON text. */
  readonly text: string;
  readonly lane: Lane;
  /** At once on this node, null = one a thread. */
  readonly limit: number | null;
  /** At once in one thread, in the shared lane. */
  readonly perThread: number;
  /** By the thread that has them. */
  readonly #perLink = new Map<object, number>();
  #inHand = 0;

  constructor(info: ActionInfo, threads: number) {
    this.name = info.name;
    this.text = JSON.stringify(info.name);
    this.limit = info.concurrency;
    this.lane = info.concurrency !== null && info.concurrency > threads ? SHARED : EXCLUSIVE;
    this.perThread = info.concurrency === null ? 1 : Math.ceil(info.concurrency / threads);
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
