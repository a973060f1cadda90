/**
 * The main thread of a pool process. It never runs users' code, so it can always act: it ends threads whose run is past its
 * deadline and that do not see to it themselves. It sleeps while nothing runs.
 */
import type { ForcedEnding, FromProcess, PoolSettings, ToProcess } from "./control-messages.ts";
import { MemoryWatch } from "./memory-watch.ts";
import { monoMs } from "./mono-clock.ts";
import { Doorbell, EXCLUSIVE, MAX_ORDINAL, SHARED } from "./slots.ts";
import { forcedAll, SupervisedThread } from "./supervised-thread.ts";

const TICK_MS = 5;
/** A thread sees to a deadline itself if its event loop turns; beside others it gets more time, for they would pay. */
const GRACE_ALONE_MS = 10;
const GRACE_MS = 20;
/** Ending a thread takes a few ms, unless it is inside a synchronous native call. */
const TERMINATE_MS = 25;
const UNFIT_MS = 250;
const IDLE_TICKS = 20;

export class Supervisor {
  readonly #settings: PoolSettings;
  readonly #send: (message: FromProcess) => void;
  readonly #threads = new Map<number, SupervisedThread>();
  readonly #doorbell = new Doorbell();
  readonly #memory: MemoryWatch;

  constructor(settings: PoolSettings, send: (message: FromProcess) => void, die: () => void) {
    this.#settings = settings;
    this.#send = send;
    this.#memory = new MemoryWatch(settings.memoryMb, {
      threadIsOver: (thread, error) => {
        void this.#end(
          thread,
          forcedAll(
            thread.slots.active().filter((run) => !thread.over.has(run.id)),
            error,
          ),
          "it used too much memory",
        );
      },
      processIsOver: (error) => {
        send({ type: "dying", error });
        die();
      },
      rss: (bytes) => send({ type: "rss", bytes }),
    });
    void this.#watch();
  }

  obey(message: ToProcess): void {
    if (message.type === "start") return;
    if (message.type === "ping") return this.#send({ type: "pong" });
    if (message.type === "spawn") return this.#spawn(message.key);
    const thread = this.#threads.get(message.key);
    if (!thread || thread.isEnding) return;
    if (message.type === "recall") {
      const { key, lane, upTo } = message;
      this.#send({ type: "recalled", key, lane, upTo, begun: thread.slots.recall(lane, upTo) });
    } else if (message.type === "stop") this.#stop(thread, message.id);
    else void this.#end(thread, [], "it was retired");
  }

  #spawn(key: number): void {
    const thread = new SupervisedThread(key, this.#settings, this.#doorbell.buffer);
    this.#threads.set(key, thread);
    void thread.exited.then(() => {
      this.#threads.delete(key);
      if (!thread.isEnding) this.#tellEnded(thread, thread.endingsOfDeath(), false, thread.why);
    });
  }

  #stop(thread: SupervisedThread, id: number): void {
    const active = thread.slots.active();
    const run = active.find((one) => one.id === id);
    if (!run || thread.over.has(id)) return;
    thread.cancelled.add(id);
    const ending = thread.endingAtDeadline(run);
    if (run.slot !== 0 && active.some((one) => one.slot === 0)) this.#over(thread, [ending]);
    else void this.#end(thread, [ending], "a run did not obey its cancel");
  }

  async #watch(): Promise<never> {
    let idle = 0;
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
      if (this.#tick()) idle = 0;
      else if (++idle > IDLE_TICKS) {
        this.#memory.sample(this.#threads.values(), true);
        this.#doorbell.arm();
        if (this.#tick()) this.#doorbell.disarm();
        else await this.#doorbell.rung();
        idle = 0;
      }
    }
  }

  /** @returns whether anything runs. */
  #tick(): boolean {
    const now = monoMs();
    let isBusy = false;
    for (const thread of this.#threads.values()) {
      const active = thread.slots.active();
      if (active.length === 0) {
        thread.over.clear();
        thread.cancelled.clear();
        continue;
      }
      isBusy = true;
      if (thread.isEnding) continue;
      const graceMs = active.length === 1 ? GRACE_ALONE_MS : GRACE_MS;
      const late = active.filter((run) => now >= run.deadline + graceMs && !thread.over.has(run.id));
      if (late.length === 0) continue;
      const endings = late.map((run) => thread.endingAtDeadline(run));
      // Its loop is held by a run that may still take its time: the late ones cannot go on, so they are over without its end.
      const holder = active.find((run) => run.slot === 0);
      if (holder && !late.includes(holder)) this.#over(thread, endings);
      else void this.#end(thread, endings, "a run was past its deadline");
    }
    if (isBusy) this.#memory.sample(this.#threads.values(), false);
    return isBusy;
  }

  #over(thread: SupervisedThread, endings: ForcedEnding[]): void {
    for (const { id } of endings) thread.over.add(id);
    this.#send({ type: "over", key: thread.key, endings });
  }

  async #end(thread: SupervisedThread, endings: ForcedEnding[], why: string): Promise<void> {
    if (thread.isEnding || thread.isGone) return;
    thread.isEnding = true;
    thread.slots.recall(EXCLUSIVE, MAX_ORDINAL);
    thread.slots.recall(SHARED, MAX_ORDINAL);
    thread.terminate();
    await Promise.race([thread.exited, new Promise((resolve) => setTimeout(resolve, TERMINATE_MS))]);
    this.#tellEnded(thread, endings, !thread.isGone, why);
    if (thread.isGone) return;
    setTimeout(() => {
      if (!thread.isGone) this.#send({ type: "unfit" });
    }, UNFIT_MS);
  }

  #tellEnded(thread: SupervisedThread, endings: ForcedEnding[], isStuck: boolean, why: string): void {
    const begun: [number, number] = [thread.slots.begun(EXCLUSIVE), thread.slots.begun(SHARED)];
    this.#send({ type: "ended", key: thread.key, endings, begun, isStuck, why });
  }
}
