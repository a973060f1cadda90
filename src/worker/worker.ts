/**
 * Takes what is next, has it run, and records what became of it. It holds no truth: the row decides (task/decide.ts),
 * and who waits is told what the row says.
 */
import type { Message, Queue } from "../queue/queue.ts";
import type { Applied } from "../store/store.ts";
import type { TaskEvent } from "../task/decide.ts";
import { Claims } from "./claims.ts";
import { Doubtful } from "./doubtful.ts";
import { Gate } from "./gate.ts";
import { Hands, type Hand } from "./hands.ts";
import { endedNow, toFinish } from "./outcome-of-ending.ts";
import type { Ending, Pool, Report, Run } from "./pool.ts";
import { Quarantine, type ClaimedSuspect } from "./quarantine.ts";
import { Recorder } from "./recorder.ts";
import { isTooLate, toExpiry, toInterruption, toRun } from "./run-of-hand.ts";
import { triage } from "./triage.ts";
import type { WorkerObserver, WorkerOptions } from "./worker-options.ts";

const MOST_AT_ONCE = 1000;

export class Worker {
  readonly #options: WorkerOptions;
  readonly #queue: Queue;
  readonly #pool: Pool;
  readonly #observer: WorkerObserver;
  readonly #hands = new Hands();
  readonly #recorder: Recorder;
  readonly #quarantine: Quarantine;
  readonly #suspects = new Set<string>();
  readonly #doubtful = new Doubtful();
  readonly #claims: Claims;
  readonly #gate: Gate;
  #isPumping = false;
  #isDrained = false;
  #isStopped = false;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#queue = options.queue;
    this.#pool = options.pool;
    this.#observer = options.observer;
    const onTrouble = (error: unknown): void => this.#observer.trouble(error);
    this.#recorder = new Recorder(options.store, onTrouble, () => this.wake());
    this.#claims = new Claims({
      store: options.store,
      leasing: options.sharing,
      hands: this.#hands,
      now: options.now,
      onClaimed: (hand) => this.#observer.leased(hand.message),
      onLost: (hand) => hand.pool.cancel(hand.seq),
      onTrouble,
    });
    this.#gate = new Gate({
      claims: this.#claims,
      check: async (messages) => options.sharing?.check(messages) ?? new Set(),
      onPass: (messages, leasedUntil) => this.#pass(messages, leasedUntil),
      onRefused: (message, event, applied) => this.#observer.recorded(message, event, applied),
      onStale: (messages) => this.#observer.passedOver(messages),
      onRoom: () => this.wake(),
      onTrouble,
    });
    this.#quarantine = new Quarantine({
      openPool: options.openQuarantinePool,
      cells: options.quarantineCells,
      idleMs: options.quarantineIdleMs,
      claim: (message) => this.#claimSuspect(message),
      begin: (...claimed) => this.#begin(...claimed),
      onEnd: (endings) => this.#onEnd(endings),
      onReport: (reports) => this.#onReport(reports),
      onError: onTrouble,
    });
    this.#pool.onEnd((endings) => this.#onEnd(endings));
    this.#pool.onReport((reports) => this.#onReport(reports));
    this.#pool.onFree(() => this.wake());
    this.#queue.onReady(() => this.wake());
  }

  /** These were in hand when a process died: whoever brings them again, they run alone. */
  suspect(ids: Iterable<string>): void {
    for (const id of ids) this.#suspects.add(id);
  }

  /** These may have ended while they were on their way: whoever brings them soon, they are claimed before they run. */
  doubt(ids: Iterable<string>): void {
    for (const id of ids) this.#doubtful.add(id);
    this.#doubtful.forgetOld();
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
    // What ends now is not written for now: more of it would pile up.
    const most = Math.min(MOST_AT_ONCE, this.#recorder.room);
    const messages = most === 0 ? [] : this.#queue.take(most, (...of) => this.#room(...of));
    if (messages.length === 0) return;
    const { sharing } = this.#options;
    const at = this.#options.now();
    const rules = { at, sharing, suspects: this.#suspects, doubtful: this.#doubtful };
    const { aside, late, alone, toClaim, toCheck, ready } = triage(messages, rules);
    for (const message of late) this.#record(message, toExpiry(message, at));
    for (const message of alone) this.#quarantine.add(message);
    if (aside.length > 0) sharing!.putAside(aside);
    if (toClaim.length > 0) this.#gate.claim(toClaim);
    if (toCheck.length > 0) this.#gate.check(toCheck);
    if (ready.length > 0) this.#handOver(ready, at, null);
    // What was not handed over took nobody's place: there may be room for what lies behind it.
    if (messages.length === most || ready.length < messages.length) this.wake();
  }

  #room(action: string, isRide: boolean): number {
    if (this.#options.sharing?.isServed(action) === false) return MOST_AT_ONCE;
    const isAsked = !isRide && this.#options.sharing !== null;
    return Math.min(this.#recorder.roomFor(action), this.#gate.room(action, this.#pool, isAsked));
  }

  #handOver(messages: readonly Message[], at: number, leasedUntil: number | null): void {
    const hands = messages.map((message) => this.#hands.take(message, this.#pool, at, false, leasedUntil));
    const runs = hands.map(toRun);
    if (!this.#options.inHandLog.add(runs.map(({ task }) => task))) this.#logInHand();
    this.#pool.run(runs);
    this.#observer.started(hands);
  }

  /** Through the gate. */
  #pass(messages: readonly Message[], leasedUntil: number | null): void {
    if (leasedUntil !== null) for (const message of messages) this.#observer.leased(message);
    else if (this.#isDrained && !this.#isStopped) return this.#queue.putBack(messages);
    if (!this.#isStopped) this.#handOver(messages, this.#options.now(), leasedUntil);
    else if (leasedUntil !== null) for (const message of messages) this.#giveUp(message);
  }

  /** Claimed, and not begun: the pool is closed. */
  #giveUp(message: Message): void {
    this.#record(message, toInterruption(message, this.#options.now()));
  }

  /**
   * Stops it if it is in hand here. @returns false when it is not: then the row alone has to say.
   * @param isSaid its row says so already, and may say something else by the time it has stopped: a retry, say.
   */
  cancel(task: string, isSaid = false): boolean {
    const hand = this.#hands.of(task);
    if (hand) {
      hand[isSaid ? "isLost" : "isCancelled"] = true;
      hand.pool.cancel(hand.seq);
      return true;
    }
    const message = this.#quarantine.remove(task);
    if (message && isSaid) this.#observer.passedOver([message]);
    else if (message)
      this.#record(message, { type: "cancel", id: task, at: this.#options.now(), spec: message.spec });
    return message !== null;
  }

  get isDrained(): boolean {
    return this.#isDrained;
  }

  /** Takes nothing more until it is resumed. What was handed to threads or claimed ends here; the rest goes back. Twice is safe. */
  drain(): void {
    this.#isDrained = true;
    this.#queue.stopTaking();
    const suspects = this.#quarantine.removeAll().map((message) => ({ ...message, isSuspect: true }));
    if (suspects.length > 0) this.#queue.putBack(suspects);
  }

  resume(): void {
    this.#isDrained = false;
    this.#queue.startTaking();
  }

  /** Something is in hand, or on its way there. */
  get isBusy(): boolean {
    return this.#hands.size + this.#gate.size + this.#quarantine.size > 0;
  }

  /** What is still in hand goes back to the queue, uncharged. Then the last outcomes are written. */
  async stop(graceMs = 5000): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#gate.close();
    await this.#quarantine.close();
    await this.#pool.close();
    const giveUp = setTimeout(() => this.#recorder.close(), graceMs);
    await this.#claims.close(graceMs);
    await new Promise((resolve) => setImmediate(resolve));
    await this.#recorder.settled();
    clearTimeout(giveUp);
    this.#options.inHandLog.close();
  }

  #logInHand(): void {
    this.#options.inHandLog.write(this.#hands.ids(false), this.#hands.ids(true));
  }

  #begin({ message, leasedUntil }: ClaimedSuspect, pool: Pool): Run {
    const hand = this.#hands.take(message, pool, this.#options.now(), true, leasedUntil);
    this.#logInHand();
    this.#observer.started([hand]);
    return toRun(hand);
  }

  async #claimSuspect(given: Message): Promise<ClaimedSuspect | null> {
    const { spec } = given;
    const at = this.#options.now();
    // It may have waited long for its process.
    if (isTooLate(spec, at)) this.#record(given, toExpiry(given, at));
    else {
      const { message, event, applied, leasedUntil } = await this.#claims.claim(given);
      const isMine = applied.verdict === "applied";
      if (isMine) this.#observer.leased(message);
      if (isMine && !this.#isStopped) return { message, leasedUntil };
      if (isMine && this.#options.sharing !== null) this.#giveUp(message);
      else this.#observer.recorded(message, event, applied);
    }
    this.#suspects.delete(spec.id);
    return null;
  }

  #onReport(reports: readonly Report[]): void {
    for (const report of reports) {
      const hand = this.#hands.note(report);
      if (hand) this.#observer.reported(hand, report);
    }
  }

  #onEnd(endings: readonly Ending[]): void {
    let wasAlone = false;
    const at = this.#options.sharing === null ? null : this.#options.now();
    for (const ending of endings) {
      const hand = this.#hands.release(ending.seq);
      if (hand === undefined) continue;
      wasAlone ||= hand.isAlone;
      this.#finish(hand, at === null ? ending : endedNow(ending, at));
    }
    if (wasAlone) this.#logInHand();
    else if (this.#hands.size === 0) this.#options.inHandLog.idle();
    this.wake();
  }

  #finish(hand: Hand, ending: Ending): void {
    const { message } = hand;
    const { spec } = message;
    const at = ending.endedAt;
    if (hand.isLost && !hand.isCancelled && ending.type === "cancelled")
      return this.#observer.passedOver([message]);
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
    if (ending.type === "returned" && !isStarted && !this.#isStopped) return this.#queue.putBack([message]);
    if (ending.type === "died") this.#suspects.add(spec.id);
    // Looking for it is not free, and nearly always there are none.
    else if (ending.type !== "returned" && this.#suspects.size > 0) this.#suspects.delete(spec.id);
    this.#record(message, toFinish(ending, hand, this.#options.random()));
    // The attempt ended before the cancel came to it; the task is not to be tried again.
    if (hand.isCancelled) this.#record(message, { type: "cancel", id: spec.id, at });
  }

  #record(message: Message, event: TaskEvent): void {
    const listener = (applied: Applied): void => this.#observer.recorded(message, event, applied);
    this.#recorder.record(event, listener, message.spec.action);
  }
}
