/**
 * What was taken and may not simply run. What may have been begun elsewhere is claimed first; what somebody was promised is checked
 * first, a batch with one question, so that what was cancelled or ended meanwhile does not run.
 */
import type { Message } from "../queue/queue.ts";
import type { Applied } from "../store/store.ts";
import type { ClaimEvent } from "../store/shared-store.ts";
import type { Claims } from "./claims.ts";
import type { Pool } from "./pool.ts";

const AGAIN_MS = 250;
/** What one passage says about the next. */
const WEIGHT = 0.2;
/** A store that is away for seconds is no reason to take all there is. */
const LONGEST_MS = 200;

export type GateOptions = {
  claims: Claims;
  /** @returns ids of those that are not to run: their rows do not wait for this attempt. */
  check: (messages: readonly Message[]) => Promise<ReadonlySet<string>>;
  /** To be handed over now. `leasedUntil` is null for what was only checked. */
  onPass: (messages: readonly Message[], leasedUntil: number | null) => void;
  /** Claimed by somebody else, ended, or at another attempt. */
  onRefused: (message: Message, event: ClaimEvent, applied: Applied) => void;
  /** Checked, and not to run. */
  onStale: (messages: readonly Message[]) => void;
  /** Fewer are inside, whatever became of them: others may be taken. */
  onRoom: () => void;
  onTrouble: (error: unknown) => void;
};

export class Gate {
  readonly #options: GateOptions;
  readonly #inside = new Map<string, number>();
  #size = 0;
  #passageMs = 0;
  #isClosed = false;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** What is on its way stays with the queue, which gives it again. */
  close(): void {
    this.#isClosed = true;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * How many more of an action may be taken. What is asked about is a while on its way: threads that end sooner would be idle
   * meanwhile, however much waits.
   */
  room(action: string, pool: Pick<Pool, "room" | "ahead">, isAsked: boolean): number {
    const ahead = isAsked ? pool.ahead(action, this.#passageMs) : 0;
    return Math.max(0, pool.room(action) + ahead - this.#insideOf(action));
  }

  /** How many of an action are on their way through. */
  #insideOf(action: string): number {
    return this.#inside.get(action) ?? 0;
  }

  /** Each is claimed by itself; what is claimed in one turn is one call of the store. */
  claim(messages: readonly Message[]): void {
    this.#count(messages, 1);
    void this.#claimAll(messages);
  }

  check(messages: readonly Message[]): void {
    this.#count(messages, 1);
    void this.#checkAll(messages);
  }

  async #claimAll(messages: readonly Message[]): Promise<void> {
    const begunAt = performance.now();
    const answers = await Promise.all(messages.map((message) => this.#options.claims.claim(message)));
    this.#passed(begunAt);
    this.#count(messages, -1);
    const mine: Message[] = [];
    let until = Infinity;
    for (const { message, event, applied, leasedUntil } of answers) {
      if (applied.verdict === "applied") {
        mine.push(message);
        until = Math.min(until, leasedUntil);
      } else this.#options.onRefused(message, event, applied);
    }
    if (mine.length > 0) this.#options.onPass(mine, until);
  }

  async #checkAll(messages: readonly Message[]): Promise<void> {
    const begunAt = performance.now();
    const stale = await this.#ask(messages);
    this.#passed(begunAt);
    this.#count(messages, -1);
    if (stale === null) return;
    const fit = stale.size === 0 ? messages : messages.filter(({ spec }) => !stale.has(spec.id));
    if (stale.size > 0) this.#options.onStale(messages.filter(({ spec }) => stale.has(spec.id)));
    if (fit.length > 0) this.#options.onPass(fit, null);
  }

  async #ask(messages: readonly Message[]): Promise<ReadonlySet<string> | null> {
    while (!this.#isClosed) {
      try {
        return await this.#options.check(messages);
      } catch (error) {
        this.#options.onTrouble(error);
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS).unref());
      }
    }
    return null;
  }

  #passed(begunAt: number): void {
    const ms = Math.min(performance.now() - begunAt, LONGEST_MS);
    this.#passageMs += (ms - this.#passageMs) * WEIGHT;
  }

  #count(messages: readonly Message[], sign: 1 | -1): void {
    this.#size += sign * messages.length;
    for (const { spec } of messages) {
      const left = this.#insideOf(spec.action) + sign;
      if (left > 0) this.#inside.set(spec.action, left);
      else this.#inside.delete(spec.action);
    }
    if (sign < 0) this.#options.onRoom();
  }
}
