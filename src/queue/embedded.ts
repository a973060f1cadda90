/**
 * The queue of a node that has nothing else: a window in memory over the store's backlog.
 *
 * Rides (no row yet) always fit: whoever accepts them bounds them. Tasks with a row are kept while the window has room;
 * beyond it they are dropped here, and read again from the store, in order, when half of the window is free.
 */
import type { Store } from "../store/store.ts";
import { PRIORITIES, type Task } from "../task/task.ts";
import { Backlog } from "./backlog.ts";
import type { Share } from "./lane.ts";
import type { Message, Queue, QueueDepth, RoomFor } from "./queue.ts";
import { Room } from "./room.ts";
import { AGE_STEP_MS, Window } from "./window.ts";

/**
 * A window is read anew while half of it is run, which takes a few milliseconds: more than that only takes memory, and lives
 * long enough to be moved among what the engine collects seldom.
 */
const WINDOW_TASKS = 10_000;
const WINDOW_BYTES = 32 * 1024 * 1024;

export type EmbeddedQueueOptions = {
  store: Pick<Store, "backlog">;
  /** Most tasks and bytes that wait in memory. */
  windowTasks?: number;
  windowBytes?: number;
  /** What one level of priority is worth, in waiting time. */
  ageStepMs?: number;
  onError: (error: unknown) => void;
};

export class EmbeddedQueue implements Queue {
  readonly #room: Room;
  readonly #window: Window;
  readonly #backlog: Backlog;

  constructor(options: EmbeddedQueueOptions) {
    this.#room = new Room(options.windowTasks ?? WINDOW_TASKS, options.windowBytes ?? WINDOW_BYTES);
    this.#window = new Window({
      ageStepMs: options.ageStepMs ?? AGE_STEP_MS,
      shareOf: ({ isRide, spec }) => (isRide ? null : this.#share(spec.queue, spec.priority)),
      onCount: (share, tasks, bytes) => this.#room.count(share, tasks, bytes),
      onEmpty: ({ queue, priority }) => this.#room.forget(`${priority}${queue}`),
    });
    this.#backlog = new Backlog(options.store, {
      isKnown: (id) => this.#window.has(id),
      add: (task) => this.#addFromStore(task),
      room: (queue, priority, bytesEach) => this.#room.more(this.#share(queue, priority), bytesEach),
      onAdded: () => this.#window.announce(),
      onError: options.onError,
    });
  }

  /** Rows that wait from before: every priority of these queues may have some. */
  recover(queues: readonly string[]): void {
    for (const queue of queues) {
      for (let level = 0; level < PRIORITIES.length; level++) this.#backlog.expect(queue, level);
    }
    this.#backlog.fill();
  }

  publish(messages: readonly Message[]): void {
    let isFillDue = false;
    for (const message of messages) {
      const { spec } = message;
      if (this.#window.has(spec.id)) continue;
      if (message.isRide || message.isSuspect) {
        this.#window.add(message);
        continue;
      }
      const share = this.#share(spec.queue, spec.priority);
      if (!this.#backlog.isExpected(spec.queue, spec.priority) && this.#room.more(share, 1) > 0) {
        this.#window.add(message);
        continue;
      }
      this.#backlog.expect(spec.queue, spec.priority);
      isFillDue ||= this.#room.isLow(share);
    }
    if (isFillDue) this.#backlog.fill();
    this.#window.announce();
  }

  take(max: number, room: RoomFor): Message[] {
    const open = this.#window.openLanes(room);
    const taken = this.#window.take(max, open);
    if (
      this.#backlog.isAnyExpected &&
      open.some(({ lane }) => lane.share !== null && this.#room.isLow(lane.share))
    )
      this.#backlog.fill();
    return taken;
  }

  onReady(listener: () => void): void {
    this.#window.onReady(listener);
  }

  settle(messages: readonly Message[]): void {
    for (const { spec } of messages) if (this.#window.settle(spec.id)) this.#backlog.forget(spec.id);
  }

  putBack(messages: readonly Message[]): void {
    this.#window.putBack(messages);
  }

  remove(ids: readonly string[]): string[] {
    return ids.filter((id) => {
      if (this.#window.isWaiting(id)) {
        this.#window.settle(id);
        this.#backlog.forget(id);
        return true;
      }
      // It may be on its way here, in what is being read.
      if (!this.#window.has(id)) this.#backlog.forget(id);
      return false;
    });
  }

  pause(queue: string): void {
    this.#window.pause(queue);
  }

  resume(queue: string): void {
    this.#window.resume(queue);
  }

  /** Nobody else can give what waits here. */
  stopTaking(): void {
    this.#window.stopTaking();
  }

  startTaking(): void {
    this.#window.startTaking();
  }

  quiesce(): void {
    this.#window.quiesce();
  }

  depths(): QueueDepth[] {
    return this.#window.depths();
  }

  waitingBelow(queue: string, priority: number): number | null {
    for (let level = 0; level < priority; level++) if (this.#backlog.isExpected(queue, level)) return null;
    return this.#window.waitingBelow(queue, priority);
  }

  position(id: string): number | null {
    return this.#window.position(id);
  }

  async close(): Promise<void> {
    await this.#backlog.close();
    this.#window.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #addFromStore(task: Task): void {
    this.#window.add({ spec: task, attempt: task.attempt + 1, isRide: false, isSuspect: false });
  }

  #share(queue: string, priority: number): Share {
    return this.#room.share(`${priority}${queue}`);
  }
}
