/** Whether new work is let in, and why not. Everything that says no says when to come again. */
import type { ErrorBody } from "../task/errors.ts";
import { DrainRate } from "./drain-rate.ts";
import type { Health, Waiter } from "./engine.ts";
import { SeenSenders } from "./seen-senders.ts";
import { WaitingLine } from "./waiting-line.ts";

export type AdmissionLimits = {
  /** Tasks that are not final, in all queues. */
  maxQueued: number;
  /** Milliseconds that never run backwards. */
  now?: () => number;
  random?: () => number;
};

/** Who has so few unanswered is let in to wait for its task when all is full, while there is room in the reserve. */
const FEW = 8;
/** Of `maxQueued`, beside it; half of it also for who comes when it was told to, since tasks end in batches. */
const RESERVE = 0.1;
/** Full to here, room is kept for those who were told to come again. */
const KEPT_FROM = 0.5;
/**
 * Full to here, all that can end is promised to who is told a time; the fuller, the less: so there is room for those who come also when
 * it proves slower than it was. It is never idle by that: a queue waits meanwhile.
 */
const CALM_TO = 0.8;
const LESS_FOR_MORE = 2;
const LEAST_PACE = 0.2;

export class Admission {
  readonly #limits: AdmissionLimits;
  #state: Health["state"] = "starting";
  #reason: string | null = "starting";
  #isDiskLow = false;
  #isStoreAway = false;
  #unfinished = 0;
  readonly #line: WaitingLine;
  readonly #senders = new SeenSenders();
  readonly #drainRate = new DrainRate();
  readonly #now: () => number;
  readonly #draining = new Set<string>();
  /** By queue, since when. */
  readonly #paused = new Map<string, number>();

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
    this.#now = limits.now ?? (() => performance.now());
    this.#line = new WaitingLine(limits.random ?? Math.random);
  }

  get health(): Health {
    return { state: this.#state, reason: this.#reason };
  }

  /** Told by the heartbeat. A node that drains stays so. */
  setHealth(isReady: boolean, reason: string | null): void {
    if (this.#state === "draining") return;
    this.#state = isReady ? "ready" : this.#state === "starting" ? "starting" : "not_ready";
    this.#reason = reason;
  }

  drain(): void {
    this.#state = "draining";
    this.#reason = "The node is stopping.";
  }

  /** Nothing can be promised, and what is done cannot be told. */
  setStoreAway(isAway: boolean): void {
    this.#isStoreAway = isAway;
  }

  setDiskLow(isLow: boolean): void {
    this.#isDiskLow = isLow;
  }

  /** What the store counts, and what is on its way without a row. Between two counts, what comes is added and what ends taken off. */
  setCounts(unfinished: number, ended: number): void {
    const now = this.#now();
    this.#unfinished = unfinished;
    this.#drainRate.sample(now, ended, unfinished >= this.#limits.maxQueued * KEPT_FROM);
    this.#noteBusy();
    this.#line.forgetLate(now);
    this.#senders.turn();
  }

  /** Ended, or after all not let in. */
  left(count: number): void {
    this.#unfinished = Math.max(0, this.#unfinished - count);
    this.#drainRate.ended(count);
    if (this.#drainRate.isBusy) this.#noteBusy();
  }

  setQueueMode(queue: string, mode: "open" | "paused" | "draining"): void {
    this.#draining.delete(queue);
    this.#paused.delete(queue);
    if (mode === "draining") this.#draining.add(queue);
    if (mode === "paused") this.#paused.set(queue, this.#now());
  }

  queueMode(queue: string): "open" | "paused" | "draining" {
    if (this.#draining.has(queue)) return "draining";
    return this.#paused.has(queue) ? "paused" : "open";
  }

  /** For how long, as far as this process knows; 0 when it is not. */
  pausedMs(queue: string, now: number): number {
    const since = this.#paused.get(queue);
    return since === undefined ? 0 : now - since;
  }

  queuesNotOpen(): string[] {
    return [...this.#draining, ...this.#paused.keys()];
  }

  /**
   * A refusal is no error of ours, and not thrown: a flood is refused many thousand times a second.
   * @param isWaitedFor nobody is promised anything before its end. @param task the name its sender gave it.
   * @returns null when it is let in, and counted; else why not: busy or unavailable.
   */
  admit(queue: string, waiter: Waiter, isWaitedFor: boolean, task: string | null = null): ErrorBody | null {
    if (this.#state === "draining") {
      return {
        code: "unavailable",
        message: "This node is stopping.",
        hint: "Connect again: another node, or this one after its start, takes it.",
        retryAfterMs: 1000,
      };
    }
    // First, for a store whose disk has no room cannot be written.
    if (this.#isDiskLow) {
      return {
        code: "busy",
        message: "The disk is nearly full.",
        hint: "Free space, or lower --disk-reserve.",
        retryAfterMs: 5000,
      };
    }
    if (this.#isStoreAway) {
      return {
        code: "busy",
        message: "The store cannot be reached just now.",
        hint: "Nothing that was accepted is lost. Try again: it goes on by itself when the store is back.",
        retryAfterMs: 1000,
      };
    }
    if (this.#draining.size > 0 && this.#draining.has(queue)) {
      return {
        code: "busy",
        message: `The queue ${queue} is being drained and takes nothing new.`,
        hint: `\`tanda queue resume ${queue}\` opens it.`,
        retryAfterMs: 5000,
      };
    }
    const sender = waiter.sender ?? NOBODY;
    this.#senders.note(sender);
    if (this.#unfinished >= this.#limits.maxQueued || !this.#line.isEmpty) {
      const refusal = this.#fullFor(waiter, sender, isWaitedFor, task);
      if (refusal !== null) return refusal;
    }
    this.#unfinished++;
    if (!this.#drainRate.isBusy) this.#noteBusy();
    return null;
  }

  #noteBusy(): void {
    const isBusy = this.#unfinished >= this.#limits.maxQueued * KEPT_FROM;
    if (isBusy !== this.#drainRate.isBusy) this.#drainRate.setBusy(isBusy, this.#now());
  }

  get #pace(): number {
    const tooFull = Math.max(0, this.#unfinished / this.#limits.maxQueued - CALM_TO);
    return Math.max(LEAST_PACE, 1 - LESS_FOR_MORE * tooFull);
  }

  #fullFor(waiter: Waiter, sender: object, isWaitedFor: boolean, task: string | null): ErrorBody | null {
    const { maxQueued } = this.#limits;
    const now = this.#now();
    const over = this.#unfinished - maxQueued;
    const reserve = Math.ceil(maxQueued * RESERVE);
    if (over < reserve / 2 && this.#line.take(sender, now, task)) return null;
    const hasFew = waiter.unanswered !== undefined && waiter.unanswered <= FEW;
    if (isWaitedFor && hasFew && over < reserve) {
      this.#drainRate.walkedIn();
      this.#line.release(sender, task);
      return null;
    }
    if (this.#unfinished < maxQueued * KEPT_FROM) {
      this.#line.release(sender, task);
      return null;
    }
    // The first who is refused is not to be told times as if he were the only one.
    if (this.#line.isEmpty) this.#line.expect(this.#senders.count);
    const perSecond = this.#drainRate.perSecond(now);
    return {
      code: "busy",
      message: `The queue is full: ${maxQueued} tasks wait.`,
      hint: "Try again when it says, add workers, or raise --max-queued.",
      retryAfterMs: this.#line.add(sender, now, perSecond && perSecond * this.#pace, task),
    };
  }
}

/** All whom nobody can tell apart. */
const NOBODY = {};
