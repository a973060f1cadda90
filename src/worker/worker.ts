/**
 * Takes what is next, has it run, and records what became of it. It holds no truth: the row decides (task/decide.ts),
 * and who waits is told what the row says.
 */
import type { Message, Queue } from "../queue/queue.ts";
import type { Applied, Store } from "../store/store.ts";
import type { TaskEvent } from "../task/decide.ts";
import type { TaskSpec } from "../task/task.ts";
import { Hands, type Hand } from "./hands.ts";
import type { InHandLog } from "./in-hand-file.ts";
import { toOutcome } from "./outcome-of-ending.ts";
import type { Ending, Pool, Report, Run } from "./pool.ts";
import { Quarantine } from "./quarantine.ts";
import { Recorder } from "./recorder.ts";

const MOST_AT_ONCE = 1000;
const CLAIM_AFTER_MS = 1000;
const CLAIM_TICK_MS = 250;

/** What the rest of the node is told. Calls come in batches, after what they tell is durable, but for `started`. */
export interface WorkerObserver {
  started(hands: readonly Hand[]): void;
  reported(hand: Hand, report: Report): void;
  /** `event` is what was recorded, `applied` what the store said to it. */
  recorded(message: Message, event: TaskEvent, applied: Applied): void;
  trouble(error: unknown): void;
}

export type WorkerOptions = {
  queue: Queue;
  store: Pick<Store, "apply">;
  pool: Pool;
  /** A pool of one process and one thread, for suspects. */
  openQuarantinePool: () => Pool;
  quarantineCells: number;
  quarantineIdleMs?: number;
  inHandLog: InHandLog;
  observer: WorkerObserver;
  now: () => number;
  random: () => number;
};

export class Worker {
  readonly #options: WorkerOptions;
  readonly #queue: Queue;
  readonly #pool: Pool;
  readonly #observer: WorkerObserver;
  readonly #hands = new Hands();
  readonly #recorder: Recorder;
  readonly #quarantine: Quarantine;
  readonly #suspects = new Set<string>();
  readonly #claimTimer: NodeJS.Timeout;
  #isPumping = false;
  #isStopped = false;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#queue = options.queue;
    this.#pool = options.pool;
    this.#observer = options.observer;
    this.#recorder = new Recorder(options.store, (error) => this.#observer.trouble(error));
    this.#quarantine = new Quarantine({
      openPool: options.openQuarantinePool,
      cells: options.quarantineCells,
      idleMs: options.quarantineIdleMs,
      claim: (message) => this.#claimSuspect(message),
      begin: (message, pool) => this.#begin(message, pool),
      onEnd: (endings) => this.#onEnd(endings),
      onReport: (reports) => this.#onReport(reports),
      onError: (error) => this.#observer.trouble(error),
    });
    this.#pool.onEnd((endings) => this.#onEnd(endings));
    this.#pool.onReport((reports) => this.#onReport(reports));
    this.#pool.onFree(() => this.wake());
    this.#queue.onReady(() => this.wake());
    this.#claimTimer = setInterval(() => this.#claimLong(), CLAIM_TICK_MS);
    this.#claimTimer.unref();
  }

  /** These were in hand when a process died: whoever brings them again, they run alone. */
  suspect(ids: Iterable<string>): void {
    for (const id of ids) this.#suspects.add(id);
  }

  get inHand(): number {
    return this.#hands.size;
  }

  handOf(task: string): Hand | undefined {
    return this.#hands.of(task);
  }

  isInQuarantine(task: string): boolean {
    return this.#quarantine.has(task);
  }

  pools(): Pool[] {
    return [this.#pool, ...this.#quarantine.pools()];
  }

  /** Looks at the queue once this turn's input is read: what came together is handed over together. */
  wake(): void {
    if (this.#isPumping || this.#isStopped) return;
    this.#isPumping = true;
    setImmediate(() => {
      this.#isPumping = false;
      if (!this.#isStopped) this.#pump();
    });
  }

  #pump(): void {
    const messages = this.#queue.take(MOST_AT_ONCE, (action) => this.#pool.room(action));
    if (messages.length === 0) return;
    const at = this.#options.now();
    const hands: Hand[] = [];
    const runs: Run[] = [];
    for (const message of messages) {
      const { spec } = message;
      if (isTooLate(spec, at)) {
        this.#record(message, { type: "expire", id: spec.id, at, spec });
      } else if (message.isSuspect || (this.#suspects.size > 0 && this.#suspects.has(spec.id))) {
        this.#quarantine.add(message);
      } else {
        const hand = this.#hands.take(message, this.#pool, at, false);
        hands.push(hand);
        runs.push(toRun(hand));
      }
    }
    if (runs.length > 0) {
      if (!this.#options.inHandLog.add(runs.map(({ task }) => task))) this.#logInHand();
      this.#pool.run(runs);
      this.#observer.started(hands);
    }
    // What was not handed over took nobody's place: there may be room for what lies behind it.
    if (messages.length === MOST_AT_ONCE || runs.length < messages.length) this.wake();
  }

  /** Stops it if it is in hand here. @returns false when it is not: then the row alone has to say. */
  cancel(task: string): boolean {
    const hand = this.#hands.of(task);
    if (hand) {
      hand.isCancelled = true;
      hand.pool.cancel(hand.seq);
      return true;
    }
    const message = this.#quarantine.remove(task);
    if (message)
      this.#record(message, { type: "cancel", id: task, at: this.#options.now(), spec: message.spec });
    return message !== null;
  }

  /** Resolves when nothing is in hand and all ends are durable, or after `graceMs`. */
  async drain(graceMs: number, isMoreToCome: () => boolean): Promise<void> {
    const until = performance.now() + graceMs;
    while (
      (this.#hands.size > 0 || this.#quarantine.size > 0 || isMoreToCome()) &&
      performance.now() < until
    ) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** What is still in hand goes back to the queue, uncharged. Then the last outcomes are written. */
  async stop(graceMs = 5000): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    clearInterval(this.#claimTimer);
    await this.#quarantine.close();
    await this.#pool.close();
    const giveUp = setTimeout(() => this.#recorder.close(), graceMs);
    await new Promise((resolve) => setImmediate(resolve));
    await this.#recorder.settled();
    clearTimeout(giveUp);
    this.#options.inHandLog.close();
  }

  #logInHand(): void {
    this.#options.inHandLog.write(this.#hands.ids(false), this.#hands.ids(true));
  }

  #begin(message: Message, pool: Pool): Run {
    const hand = this.#hands.take(message, pool, this.#options.now(), true);
    this.#logInHand();
    this.#observer.started([hand]);
    return toRun(hand);
  }

  async #claimSuspect(message: Message): Promise<boolean> {
    const { spec, attempt } = message;
    const at = this.#options.now();
    // It may have waited long for its process.
    const event: TaskEvent = isTooLate(spec, at)
      ? { type: "expire", id: spec.id, at, spec }
      : { type: "claim", id: spec.id, attempt, at, spec };
    const applied = await new Promise<Applied>((resolve) => this.#recorder.record(event, resolve));
    if (event.type === "claim" && applied.verdict === "applied" && !this.#isStopped) return true;
    this.#suspects.delete(spec.id);
    this.#observer.recorded(message, event, applied);
    return false;
  }

  /** What takes long is shown as running, and its attempt fenced. */
  #claimLong(): void {
    const before = this.#options.now() - CLAIM_AFTER_MS;
    for (const hand of this.#hands) {
      if (hand.handedAt > before) break;
      if (hand.isClaimed || hand.isClaiming) continue;
      hand.isClaiming = true;
      const { spec, attempt } = hand.message;
      this.#recorder.record({ type: "claim", id: spec.id, attempt, at: hand.handedAt, spec }, (applied) => {
        hand.isClaimed = applied.verdict === "applied";
        if (hand.isClaimed) return;
        // Somebody ended it meanwhile, or it is at another attempt: this one's work would be for nothing.
        hand.refusal = applied;
        hand.pool.cancel(hand.seq);
      });
    }
  }

  #onReport(reports: readonly Report[]): void {
    for (const report of reports) {
      const hand = this.#hands.note(report);
      if (hand) this.#observer.reported(hand, report);
    }
  }

  #onEnd(endings: readonly Ending[]): void {
    let wasAlone = false;
    for (const ending of endings) {
      const hand = this.#hands.release(ending.seq);
      if (hand === undefined) continue;
      wasAlone ||= hand.isAlone;
      this.#finish(hand, ending);
    }
    if (wasAlone || this.#hands.size === 0) this.#logInHand();
    this.wake();
  }

  #finish(hand: Hand, ending: Ending): void {
    const { message } = hand;
    const { spec } = message;
    const at = ending.endedAt;
    if (hand.refusal && !hand.isCancelled && ending.type === "cancelled") {
      const claim: TaskEvent = { type: "claim", id: spec.id, attempt: message.attempt, at };
      this.#observer.recorded(message, claim, hand.refusal);
      return;
    }
    if (
      ending.type === "cancelled" ||
      (hand.isCancelled && ending.type !== "done" && ending.type !== "failed")
    ) {
      this.#suspects.delete(spec.id);
      this.#record(message, { type: "cancel", id: spec.id, at, spec });
      return;
    }
    const isStarted = hand.isClaimed || hand.isClaiming;
    if (ending.type === "returned" && !isStarted && !this.#isStopped) {
      this.#queue.putBack([message]);
      return;
    }
    if (ending.type === "died") this.#suspects.add(spec.id);
    else if (ending.type !== "returned") this.#suspects.delete(spec.id);
    this.#record(message, {
      type: "finish",
      id: spec.id,
      at,
      attempt: message.attempt,
      outcome: toOutcome(ending, hand),
      startedAt: ending.startedAt,
      chance: this.#options.random(),
      spec,
      log: hand.log ?? undefined,
      progress: hand.progress,
    });
    // The attempt ended before the cancel came to it; the task is not to be tried again.
    if (hand.isCancelled) this.#record(message, { type: "cancel", id: spec.id, at });
  }

  #record(message: Message, event: TaskEvent): void {
    this.#recorder.record(event, (applied) => this.#observer.recorded(message, event, applied));
  }
}

function isTooLate({ expiresAt }: TaskSpec, at: number): boolean {
  return expiresAt !== null && expiresAt <= at;
}

function toRun(hand: Hand): Run {
  const { spec, attempt } = hand.message;
  return {
    seq: hand.seq,
    task: spec.id,
    action: spec.action,
    attempt,
    timeoutMs: spec.policy.timeoutMs,
    payload: spec.payload,
    payloadBlob: spec.payloadBlob,
  };
}
