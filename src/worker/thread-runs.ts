/**
 * A thread's runs: begins them by lane, watches those that wait, tells how they end. What it cannot see to (its own event
 * loop blocked) the supervisor does, from outside, by the slots.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Action } from "../actions/check.ts";
import type { Blobs } from "../blobs/blobs.ts";
import { TandaError, type ErrorBody } from "../task/errors.ts";
import type { LogLine } from "../task/task.ts";
import { MARK } from "./blob-handles.ts";
import { crashed, timedOut } from "./handler-error.ts";
import { monoMs } from "./mono-clock.ts";
import { perform, type Performed, type Tools } from "./perform.ts";
import { RunContext, type RunSink } from "./run-context.ts";
import { RunMeans } from "./run-means.ts";
import { EXCLUSIVE, MAX_ACTIVE, type Doorbell, type Lane, type Slots } from "./slots.ts";
import type { ThreadOutbox } from "./thread-outbox.ts";
import * as wire from "./thread-wire.ts";

/** From the abort signal to being given up. */
const GRACE_MS = 10;
/** The supervisor's patience with a thread that saw the deadline itself. */
const PATIENCE_MS = 30;
/** Before a run that may take longer than this, what is done is sent: nobody else waits for it. */
const SHORT_MS = 0.2;
const LONGEST_TIMER_MS = 0x7fff_ffff;

/** A run in this thread's hands; also where its handler's words go. */
class Active implements RunSink {
  readonly id: number;
  readonly slot: number;
  readonly startedAt: number;
  readonly timeoutMs: number;
  readonly action: string;
  readonly context: RunContext;
  deadline: number;
  /** Why it is being stopped. */
  cause: "timed_out" | "cancelled" | null = null;
  isEnded = false;
  readonly #outbox: ThreadOutbox;
  readonly #tools: Tools;

  constructor(run: wire.WireRun, slot: number, startedAt: number, outbox: ThreadOutbox, tools: Tools) {
    const [id, action, attempt, timeoutMs, taskId] = run;
    this.id = id;
    this.slot = slot;
    this.startedAt = startedAt;
    this.timeoutMs = timeoutMs;
    this.action = action;
    this.deadline = startedAt + timeoutMs;
    this.context = new RunContext(taskId, action, attempt, this);
    this.#outbox = outbox;
    this.#tools = tools;
  }

  progress(json: string): void {
    if (!this.isEnded) this.#outbox.progress(this.id, json);
  }

  log(level: LogLine["level"], text: string): void {
    if (this.isEnded) return;
    this.#outbox.log(this.id, { at: Date.now(), attempt: this.context.attempt, level, text });
  }

  openBlobs(): Promise<Blobs> {
    return this.#tools.openBlobs();
  }
}

export class ThreadRuns {
  readonly #actions: ReadonlyMap<string, Action>;
  readonly #slots: Slots;
  readonly #doorbell: Doorbell;
  readonly #outbox: ThreadOutbox;
  readonly #tools: Tools;
  readonly #storage = new AsyncLocalStorage<Active>();
  readonly #means = new RunMeans();
  readonly #active = new Map<number, Active>();
  readonly #freeSlots: number[] = Array.from({ length: MAX_ACTIVE - 1 }, (_, n) => MAX_ACTIVE - 1 - n);
  #queue: { run: wire.WireRun; isMarked: boolean }[] = [];
  #queueHead = 0;
  #current: Active | null = null;
  #timer: NodeJS.Timeout | null = null;
  #timerAt = Infinity;
  #isRetired = false;

  constructor(
    actions: ReadonlyMap<string, Action>,
    slots: Slots,
    doorbell: Doorbell,
    outbox: ThreadOutbox,
    tools: Tools,
  ) {
    this.#actions = actions;
    this.#slots = slots;
    this.#doorbell = doorbell;
    this.#outbox = outbox;
    this.#tools = tools;
  }

  accept(text: string): void {
    const runs = JSON.parse(text) as wire.WireRun[];
    const isMarked = text.includes(MARK);
    for (const run of runs) {
      if (this.#isRetired) this.#outbox.drop(run[0]);
      else if ((run[0] & 1) === EXCLUSIVE) this.#queue.push({ run, isMarked });
      else this.#begin(run, isMarked);
    }
    this.#pump();
    this.#outbox.flush();
  }

  cancel(id: number): void {
    const active = this.#active.get(id);
    if (active) return this.#stop(active, "cancelled");
    const at = this.#queue.findIndex((waiting, n) => n >= this.#queueHead && waiting.run[0] === id);
    if (at >= 0) {
      this.#queue.splice(at, 1);
      this.#outbox.end(wire.CANCELLED, "", id, Date.now(), 0, monoMs());
      this.#outbox.flush();
    }
  }

  /** The run whose code is running, or that started what runs. */
  get here(): RunContext | null {
    const active = this.#storage.getStore();
    return active && !active.isEnded ? active.context : null;
  }

  /** The thread ends because of the code that is running. */
  blameHere(): void {
    const active = this.#storage.getStore();
    if (active && !active.isEnded) this.#slots.blame(active.id);
    this.#outbox.flush();
  }

  /** An error outside of any promise. @returns false when no run has to do with it. */
  uncaught(error: Error): boolean {
    const active = this.#storage.getStore();
    if (active?.isEnded || (!active && this.#active.size === 0)) return false;
    const blamed = active ?? (this.#active.size === 1 ? [...this.#active.values()][0] : undefined);
    const body = uncaughtBody(error);
    if (blamed) this.#end(blamed, wire.FAILED, JSON.stringify(body));
    else for (const other of this.#active.values()) this.#end(other, wire.DIED, JSON.stringify(body));
    this.#retire();
    return true;
  }

  #pump(): void {
    while (this.#current === null && this.#queueHead < this.#queue.length) {
      const { run, isMarked } = this.#queue[this.#queueHead++]!;
      if (this.#queueHead === this.#queue.length) {
        this.#queue = [];
        this.#queueHead = 0;
      }
      this.#begin(run, isMarked);
    }
  }

  #begin(run: wire.WireRun, isMarked: boolean): void {
    const [id, name, , timeoutMs, , payloadBlob, payload] = run;
    const lane = (id & 1) as Lane;
    const mean = this.#means.get(name);
    if (mean === null || mean > SHORT_MS) this.#outbox.flush();
    const action = this.#actions.get(name);
    if (action === undefined) return this.#outbox.drop(id, wire.UNKNOWN);
    const slot = lane === EXCLUSIVE ? 0 : this.#freeSlots.pop();
    if (slot === undefined) return this.#outbox.drop(id);
    const startedAt = monoMs();
    if (!this.#slots.begin(slot, id, startedAt, timeoutMs)) {
      if (lane !== EXCLUSIVE) this.#freeSlots.push(slot);
      return this.#outbox.drop(id);
    }
    this.#doorbell.ring();
    const active = new Active(run, slot, startedAt, this.#outbox, this.#tools);
    this.#active.set(id, active);
    if (lane === EXCLUSIVE) this.#current = active;
    const work = { payload, payloadBlob, isMarked };
    const performed = this.#storage.run(active, perform, action, work, active.context, this.#tools);
    if (performed instanceof Promise) this.#endLater(active, performed);
    else this.#settle(active, performed);
  }

  #endLater(active: Active, performed: Promise<Performed>): void {
    this.#watch(active.deadline);
    void performed.then((ended) => {
      this.#settle(active, ended);
      this.#outbox.flushSoon();
      this.#pump();
    });
  }

  #settle(active: Active, ended: Performed): void {
    if (active.isEnded) return;
    if (active.cause !== null) return this.#endStopped(active);
    if (ended.type === "done") this.#end(active, wire.DONE, ended.json);
    else if (ended.type === "blob") this.#end(active, wire.BLOB, JSON.stringify(ended.blob));
    else this.#end(active, wire.FAILED, JSON.stringify(ended.error));
  }

  #endStopped(active: Active): void {
    if (active.cause === "cancelled") this.#end(active, wire.CANCELLED, "");
    else this.#end(active, wire.FAILED, JSON.stringify(timedOut(active.timeoutMs)));
  }

  #end(active: Active, letter: wire.EndingLetter, json: string): void {
    active.isEnded = true;
    const now = monoMs();
    const durationMs = now - active.startedAt;
    this.#means.add(active.action, durationMs);
    const startedAt = Date.now() - Math.round(durationMs);
    this.#outbox.end(letter, json, active.id, startedAt, Math.round(durationMs * 1000), now);
    this.#slots.end(active.slot);
    this.#active.delete(active.id);
    if (active === this.#current) this.#current = null;
    else if (active.slot !== 0) this.#freeSlots.push(active.slot);
  }

  /** Asks it to end; if it does not, it is ended on paper and the thread, in which it may go on, takes nothing more. */
  #stop(active: Active, cause: "timed_out" | "cancelled"): void {
    if (active.cause !== null) return;
    active.cause = cause;
    active.deadline = Infinity;
    this.#slots.postpone(active.slot, monoMs() + PATIENCE_MS);
    const error =
      cause === "cancelled"
        ? new TandaError("cancelled", "the task was cancelled")
        : new TandaError("timed_out", timedOut(active.timeoutMs).message);
    active.context.abort(error);
    setTimeout(() => {
      if (active.isEnded) return;
      this.#endStopped(active);
      this.#retire();
    }, GRACE_MS);
  }

  #retire(): void {
    if (!this.#isRetired) {
      this.#isRetired = true;
      this.#outbox.retire();
      for (const { run } of this.#queue.slice(this.#queueHead)) this.#outbox.drop(run[0]);
      this.#queue = [];
      this.#queueHead = 0;
    }
    this.#outbox.flush();
  }

  /** One timer for the soonest deadline; most are minutes away and never come. */
  #watch(deadline: number): void {
    if (deadline >= this.#timerAt) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timerAt = deadline;
    const waitMs = Math.min(Math.max(0, deadline - monoMs()), LONGEST_TIMER_MS);
    this.#timer = setTimeout(() => this.#onDeadline(), Math.ceil(waitMs));
  }

  #onDeadline(): void {
    this.#timer = null;
    this.#timerAt = Infinity;
    const now = monoMs();
    let next = Infinity;
    for (const active of this.#active.values()) {
      if (active.deadline <= now) this.#stop(active, "timed_out");
      else if (active.deadline < next) next = active.deadline;
    }
    if (next !== Infinity) this.#watch(next);
  }
}

function uncaughtBody(error: Error): ErrorBody {
  const body = crashed(`an error was thrown where nothing catches it: ${error?.message ?? String(error)}`);
  return { ...body, hint: "Await every promise, and listen for `error` on every emitter and stream." };
}
