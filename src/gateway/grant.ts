/** What a token, or the lack of one, lets its bearer do at this gateway. One for all connections that show the same token. */
import { allows, OP_RIGHTS, type ScopeWord } from "../protocol/scopes.ts";
import type { Op } from "../protocol/messages.ts";
import type { Scope, TokenRecord } from "../task/access.ts";

export class Grant {
  /** As the audit log has it: a token's id, "token", "loopback" or "node". */
  readonly who: string;
  readonly name: string | null;
  /** Null: all. */
  readonly scope: Scope | null;
  readonly #listeners = new Set<() => void>();
  #isOver = false;
  /** Submissions that may be taken now, a fraction too; and when that was so. */
  #room: number;
  #roomAt = -Infinity;

  constructor(who: string, record: Pick<TokenRecord, "name" | "scope">) {
    this.who = who;
    this.name = record.name;
    this.scope = record.scope;
    this.#room = record.scope?.rate?.count ?? 0;
  }

  static all(who: "token" | "loopback" | "node"): Grant {
    return new Grant(who, { name: null, scope: null });
  }

  get isAll(): boolean {
    return this.scope === null;
  }

  /** That of --token, of who needs none, or of a node: it ends with this node. */
  get isLasting(): boolean {
    return this.who === "token" || this.who === "loopback" || this.who === "node";
  }

  /** The token whose own tasks are all there is, for its bearer; null where there is more. */
  get owner(): string | null {
    return this.scope?.own === true ? this.who : null;
  }

  /** It was revoked or has expired. */
  get isOver(): boolean {
    return this.#isOver;
  }

  may(word: ScopeWord): boolean {
    const right = Object.hasOwn(OP_RIGHTS, word) ? OP_RIGHTS[word as Op] : "word";
    if (this.scope === null || right === "open") return true;
    return right === "word" && this.scope.ops?.includes(word) === true;
  }

  mayAction(action: string): boolean {
    return this.scope === null || allows(this.scope.actions, action);
  }

  mayQueue(queue: string): boolean {
    return this.scope === null || allows(this.scope.queues, queue);
  }

  /** Takes room for one submission. @returns 0, or after how many milliseconds there is room. @param now never runs backwards. */
  take(now: number): number {
    const rate = this.scope?.rate;
    if (rate === undefined) return 0;
    const { count, perMs } = rate;
    if (now > this.#roomAt) {
      this.#room = Math.min(count, this.#room + ((now - this.#roomAt) * count) / perMs);
      this.#roomAt = now;
    }
    // What is so near to whole is: sums of fractions never quite are.
    if (this.#room >= 1 - 1e-9) {
      this.#room -= 1;
      return 0;
    }
    return Math.ceil(((1 - this.#room) * perMs) / count);
  }

  /** Told once, when it is over. @returns what takes the listener back. */
  onOver(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }
}
