/** Hands runs to threads, takes back what a stuck one has not begun, and tells each run's one ending. */
import type { ErrorBody } from "../task/errors.ts";
import type { ActionInfo, LogLine } from "../task/task.ts";
import { ActionLoad } from "./action-load.ts";
import { Alarm } from "./alarm.ts";
import type { ForcedEnding, FromProcess } from "./control-messages.ts";
import { heldUp } from "./held-up.ts";
import { monoMs } from "./mono-clock.ts";
import { Placement, STILL_MS } from "./placement.ts";
import type { Ending, Report, Run } from "./pool.ts";
import { readEnding } from "./read-ending.ts";
import type { RunMeans } from "./run-means.ts";
import { EXCLUSIVE, SHARED } from "./slots.ts";
import type { InHand, ThreadLink } from "./thread-link.ts";
import * as wire from "./thread-wire.ts";

/** On their way here while as many end. */
const MOST_AHEAD = 1000;
/** A thread has this long to obey a cancel before its supervisor steps in. */
const CANCEL_MS = 20;

export type DispatcherEvents = {
  ended(endings: readonly Ending[]): void;
  reported(reports: readonly Report[]): void;
  free(): void;
  /** The thread asks for nothing more. */
  retiring(link: ThreadLink): void;
  /** After every batch of endings. */
  settled(): void;
};

export class Dispatcher {
  /** Threads that take runs. */
  links: readonly ThreadLink[] = [];
  readonly #events: DispatcherEvents;
  readonly #means: RunMeans;
  readonly #placement: Placement;
  readonly #handed = new Set<ThreadLink>(); // who has something in hand, or had
  /** More than there was room for: next in turn. */
  readonly #waiting = new Map<number, Run>();
  /** What came back from a stuck thread: goes before what waits, and not to wait for long. */
  readonly #back = new Map<number, Run>();
  #loads: ReadonlyMap<string, ActionLoad> = new Map();
  #endings: Ending[] = [];
  #reports: Report[] = [];
  #stealTimer: NodeJS.Timeout | null = null;
  /** A thread will have room. */
  readonly #opening = new Alarm(() => this.turn());

  constructor(means: RunMeans, events: DispatcherEvents) {
    this.#means = means;
    this.#placement = new Placement(means);
    this.#events = events;
  }

  serve(actions: readonly ActionInfo[], threads: number): void {
    this.#loads = new Map(actions.map((info) => [info.name, new ActionLoad(info, threads)]));
  }

  /** Some wait for a thread. */
  get hasWaiting(): boolean {
    return this.#waiting.size + this.#back.size > 0;
  }

  room(action: string): number {
    const load = this.#loads.get(action);
    if (!load || this.hasWaiting) return 0;
    return this.#placement.room(load, this.links, monoMs());
  }

  ahead(action: string, ms: number): number {
    const load = this.#loads.get(action);
    const meanMs = this.#means.get(action);
    // Of those with a line of their own, one that waits here keeps everything else from coming.
    if (!load || load.lane === SHARED || load.limit !== null || meanMs === null) return 0;
    const ending = Math.min(MOST_AHEAD, Math.floor((this.links.length * ms) / meanMs));
    return Math.max(0, ending - this.#waiting.size - this.#back.size);
  }

  run(runs: Iterable<Run>): void {
    const now = monoMs();
    for (const run of runs) if (!this.#place(run, now)) this.#waiting.set(run.seq, run);
    this.#flush();
    if (this.#endings.length > 0) this.turn();
  }

  cancel(seq: number): void {
    const waiting = this.#waiting.get(seq) ?? this.#back.get(seq);
    if (waiting) {
      this.#waiting.delete(seq);
      this.#back.delete(seq);
      this.#endNow(waiting, "cancelled");
      return this.turn();
    }
    // A search, since what is in hand is seldom cancelled and an index would be paid by every run.
    for (const link of this.#handed) {
      const inHand = link.inHand.find(({ run }) => run.seq === seq);
      if (!inHand || inHand.isCancelled) continue;
      inHand.isCancelled = true;
      link.cancel(inHand.id);
      setTimeout(() => this.#insist(inHand), CANCEL_MS);
    }
  }

  /** The thread did not obey. If the run has begun its supervisor stops it, else it comes back by the recall. */
  #insist(inHand: InHand): void {
    const { link, id, load } = inHand;
    if (link.inHand.get(id) !== inHand) return;
    link.tell({ type: "stop", key: link.key, id });
    link.recall(load.lane);
  }

  /** @returns false when no thread has room. */
  #place(run: Run, now: number): boolean {
    const load = this.#loads.get(run.action);
    if (!load) {
      this.#endNow(run, "returned");
      return true;
    }
    const link = this.#placement.pick(load, this.links, now);
    if (!link) return false;
    this.#handed.add(link);
    link.hand(run, load, now, this.#placement.estimateMs(load));
    return true;
  }

  #flush(): void {
    for (const link of this.links) link.flush();
    const now = monoMs();
    this.#opening.wake(this.#placement.opensAt(this.links, now), now);
    if (this.#stealTimer !== null) return;
    if (this.#back.size > 0 || this.links.some((link) => link.hasBehind(EXCLUSIVE) || link.hasBehind(SHARED)))
      this.#stealTimer = setTimeout(() => this.#look(), STILL_MS);
  }

  /** After this turn's input is read: what is already here must not look stuck because the node was late. */
  #look(): void {
    setImmediate(() => {
      this.#stealTimer = null;
      const { held, isHopeless } = heldUp(this.links, monoMs());
      for (const link of held)
        for (const lane of [EXCLUSIVE, SHARED] as const) if (link.hasBehind(lane)) link.recall(lane);
      if (isHopeless && this.#back.size > 0) {
        for (const run of this.#back.values()) this.#endNow(run, "returned");
        this.#back.clear();
        this.turn();
      }
      this.#flush();
    });
  }

  recalled(link: ThreadLink, message: Extract<FromProcess, { type: "recalled" }>): void {
    const { lane, upTo, begun } = message;
    const back = link.inHand
      .values()
      .filter(({ id, load }) => load.lane === lane && id >> 1 > begun && id >> 1 <= upTo);
    if (lane === SHARED && back.length > 0) link.isBlocked = true;
    this.#giveOthers(back);
    this.turn();
  }

  /** Not begun: another thread's. */
  #giveOthers(back: readonly InHand[]): void {
    const now = monoMs();
    for (const inHand of back) this.#release(inHand);
    for (const { run, isCancelled } of back) {
      if (isCancelled) this.#endNow(run, "cancelled");
      else if (!this.#place(run, now)) this.#back.set(run.seq, run);
    }
  }

  forced(link: ThreadLink, endings: readonly ForcedEnding[]): void {
    const endedAt = Date.now();
    for (const forced of endings) {
      const inHand = link.inHand.get(forced.id);
      if (!inHand) continue;
      this.#release(inHand);
      const base = { seq: inHand.run.seq, startedAt: forced.startedAt, endedAt };
      if (forced.type === "cancelled" || inHand.isCancelled)
        this.#endings.push({ ...base, type: "cancelled" });
      else if (forced.type === "failed") this.#endings.push({ ...base, type: "failed", error: forced.error });
      else this.#endings.push({ ...base, type: "died", wasAlone: false, error: forced.error });
    }
    this.turn();
  }

  /** The thread is gone. What it had begun was stopped for a neighbour, or its end was not heard. */
  dissolve(link: ThreadLink, begun: readonly [number, number]): void {
    const all = link.inHand.values();
    this.#giveOthers(all.filter(({ id, load }) => id >> 1 > begun[load.lane]));
    for (const inHand of link.inHand.values()) this.#return(inHand);
    this.#handed.delete(link);
    this.turn();
  }

  /** Its process died. @param error null when that was for no fault of these. */
  lose(link: ThreadLink, wasAlone: boolean, error: ErrorBody | null): void {
    const endedAt = Date.now();
    for (const inHand of link.inHand.values()) {
      if (error === null) this.#return(inHand);
      else {
        this.#release(inHand);
        const { run, handedAt } = inHand;
        const startedAt = Math.floor(endedAt - (monoMs() - handedAt));
        if (inHand.isCancelled) this.#endings.push({ seq: run.seq, startedAt, endedAt, type: "cancelled" });
        else this.#endings.push({ seq: run.seq, startedAt, endedAt, type: "died", wasAlone, error });
      }
    }
    this.#handed.delete(link);
  }

  /** Everything, in hand or waiting. */
  returnAll(): void {
    for (const link of this.#handed) for (const inHand of link.inHand.values()) this.#return(inHand);
    for (const queue of [this.#back, this.#waiting]) {
      for (const run of queue.values()) this.#endNow(run, "returned");
      queue.clear();
    }
    if (this.#stealTimer !== null) clearTimeout(this.#stealTimer);
    this.#opening.clear();
    this.turn();
  }

  #return(inHand: InHand): void {
    this.#release(inHand);
    this.#endNow(inHand.run, inHand.isCancelled ? "cancelled" : "returned");
  }

  #endNow(run: Run, type: "cancelled" | "returned"): void {
    const at = Date.now();
    this.#endings.push({ seq: run.seq, startedAt: at, endedAt: at, type });
  }

  #release(inHand: InHand): void {
    inHand.link.take(inHand.id);
  }

  /** What a thread says on its pipe. */
  listen(link: ThreadLink): wire.FrameListener {
    return (letter, id, startedAt, durationUs, json) => {
      if (letter === wire.RETIRING) return this.#events.retiring(link);
      const inHand = link.inHand.get(id);
      // Over already, by its supervisor's word or another thread's.
      if (!inHand) return;
      const { seq, action } = inHand.run;
      if (letter === wire.PROGRESS) {
        JSON.parse(json); // whoever reads it later must not be the one to find that it is none
        return void this.#reports.push({ seq, type: "progress", at: startedAt, progress: json });
      }
      if (letter === wire.LOG)
        return void this.#reports.push({ seq, type: "log", line: JSON.parse(json) as LogLine });
      if (letter === wire.DROPPED) return this.#giveOthers([inHand]);
      if (letter === wire.UNKNOWN) return this.#return(inHand);
      // Read before it is let go: what cannot be read leaves its run in hand, to be lost with its process.
      const ending = readEnding(letter, seq, startedAt, durationUs / 1000, json);
      this.#release(inHand);
      this.#means.add(action, durationUs / 1000);
      if (inHand.load.lane === EXCLUSIVE) link.movedAt = monoMs();
      this.#endings.push(ending);
    };
  }

  /** Tells what was heard in this turn, and gives what waits to who is free. */
  turn(): void {
    if (this.#reports.length > 0) {
      const reports = this.#reports;
      this.#reports = [];
      this.#events.reported(reports);
    }
    if (this.#endings.length > 0) {
      const endings = this.#endings;
      this.#endings = [];
      this.#events.ended(endings);
      this.#events.settled();
    }
    this.advance();
    this.#events.free();
  }

  /** First come, first served, but a run of an action with no room lets others by. */
  advance(): void {
    if (this.#back.size + this.#waiting.size > 0) {
      const now = monoMs();
      const full = new Set<string>();
      for (const queue of [this.#back, this.#waiting]) {
        for (const run of queue.values()) {
          if (full.has(run.action)) continue;
          if (this.#place(run, now)) queue.delete(run.seq);
          else full.add(run.action);
        }
      }
    }
    this.#flush();
  }
}
