/**
 * The queue of a node that has nothing else: a window in memory over the store's backlog.
 *
 * Rides (no row yet) always fit: whoever accepts them bounds them. Tasks with a row are kept while the window has room;
 * beyond it they are dropped here, and read again from the store, in order, when half of the window is free.
 */
import type { Store } from "../store/store.ts";
import { PRIORITIES, type Task } from "../task/task.ts";
import { Backlog } from "./backlog.ts";
import { Lane, score, specBytes, type Entry, type Share } from "./lane.ts";
import { Room } from "./room.ts";
import type { Message, Queue, QueueDepth } from "./queue.ts";

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
  readonly #ageStepMs: number;
  readonly #entries = new Map<string, Entry>();
  readonly #lanes = new Map<string, Lane>();
  readonly #paused = new Set<string>();
  readonly #depths = new Map<string, { waiting: number; waitingBytes: number }>();
  readonly #backlog: Backlog;
  #listeners: (() => void)[] = [];
  #onlyRides = false;

  constructor(options: EmbeddedQueueOptions) {
    this.#room = new Room(options.windowTasks ?? 100_000, options.windowBytes ?? 64 * 1024 * 1024);
    this.#ageStepMs = options.ageStepMs ?? 60_000;
    this.#backlog = new Backlog(options.store, {
      isKnown: (id) => this.#entries.has(id),
      add: (task) => this.#addFromStore(task),
      room: (queue, priority, bytesEach) => this.#room.more(this.#share(queue, priority), bytesEach),
      onAdded: () => this.#announce(),
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
      if (this.#entries.has(spec.id)) continue;
      if (message.isRide || message.isSuspect) {
        this.#add(message);
        continue;
      }
      const share = this.#share(spec.queue, spec.priority);
      if (!this.#backlog.isExpected(spec.queue, spec.priority) && this.#room.more(share, 1) > 0) {
        this.#add(message);
        continue;
      }
      this.#backlog.expect(spec.queue, spec.priority);
      isFillDue ||= this.#room.isLow(share);
    }
    if (isFillDue) this.#backlog.fill();
    this.#announce();
  }

  take(max: number, room: (action: string) => number): Message[] {
    const open = this.#openLanes(room);
    const taken: Message[] = [];
    while (taken.length < max) {
      let best: OpenLane | undefined;
      let secondScore = Infinity;
      for (const candidate of open) {
        const head = candidate.room > 0 ? candidate.lane.head() : undefined;
        if (head === undefined) continue;
        if (best === undefined || head.score < best.score) {
          secondScore = best?.score ?? Infinity;
          best = candidate;
          best.score = head.score;
        } else if (head.score < secondScore) secondScore = head.score;
      }
      if (best === undefined) break;
      this.#takeRun(best, secondScore, max, taken);
    }
    if (
      this.#backlog.isAnyExpected &&
      open.some(({ lane }) => lane.share !== null && this.#room.isLow(lane.share))
    )
      this.#backlog.fill();
    return taken;
  }

  /** As long as this lane's head is before every other lane's, no need to compare again. */
  #takeRun(open: OpenLane, until: number, max: number, taken: Message[]): void {
    const { lane } = open;
    for (let head = lane.head(); head && head.score <= until; head = lane.head()) {
      if (taken.length >= max || open.room <= 0) return;
      lane.fifo.shift();
      head.state = "taken";
      this.#count(head, -1);
      open.room--;
      taken.push(head.message);
    }
  }

  #openLanes(room: (action: string) => number): OpenLane[] {
    const open: OpenLane[] = [];
    const rooms = new Map<string, number>();
    for (const [name, lane] of this.#lanes) {
      const head = lane.head();
      if (head === undefined) {
        this.#drop(name, lane);
        continue;
      }
      if (this.#paused.has(lane.queue) || (this.#onlyRides && !head.message.isRide)) continue;
      let left = rooms.get(lane.action);
      if (left === undefined) rooms.set(lane.action, (left = room(lane.action)));
      if (left > 0) open.push({ lane, room: left, score: head.score });
    }
    return open;
  }

  /** Names come from outside: what is empty must not pile up. */
  #drop(name: string, { queue }: Lane): void {
    this.#lanes.delete(name);
    this.#room.forget(name.slice(1, name.indexOf("\n")));
    if (this.#depths.get(queue)?.waiting === 0) this.#depths.delete(queue);
  }

  onReady(listener: () => void): void {
    this.#listeners.push(listener);
  }

  settle(messages: readonly Message[]): void {
    for (const { spec } of messages) {
      const entry = this.#entries.get(spec.id);
      if (entry === undefined) continue;
      if (entry.state === "waiting") this.#count(entry, -1);
      entry.state = "gone";
      this.#entries.delete(spec.id);
      this.#backlog.forget(spec.id);
    }
  }

  putBack(messages: readonly Message[]): void {
    for (const message of messages) {
      const old = this.#entries.get(message.spec.id);
      if (old) {
        if (old.state === "waiting") this.#count(old, -1);
        old.state = "gone";
      }
      const entry = this.#entry(message);
      entry.lane.fifo.unshift(entry);
    }
    this.#announce();
  }

  remove(ids: readonly string[]): string[] {
    return ids.filter((id) => {
      const entry = this.#entries.get(id);
      // It may be on its way here, in what is being read.
      if (entry === undefined) this.#backlog.forget(id);
      if (entry?.state !== "waiting") return false;
      this.settle([entry.message]);
      return true;
    });
  }

  pause(queue: string): void {
    this.#paused.add(queue);
  }

  resume(queue: string): void {
    this.#paused.delete(queue);
    this.#announce();
  }

  quiesce(): void {
    this.#onlyRides = true;
  }

  depths(): QueueDepth[] {
    const oldest = new Map<string, number>();
    for (const lane of this.#lanes.values()) {
      const spec = lane.head()?.message.spec;
      if (spec)
        oldest.set(lane.queue, Math.min(oldest.get(lane.queue) ?? Infinity, spec.dueAt ?? spec.createdAt));
    }
    return [...this.#depths].map(([queue, { waiting, waitingBytes }]) => {
      return { queue, waiting, waitingBytes, oldestAt: oldest.get(queue) ?? null };
    });
  }

  position(id: string): number | null {
    const mine = this.#entries.get(id);
    if (mine?.state !== "waiting") return null;
    let before = 0;
    for (const lane of this.#lanes.values()) {
      if (this.#paused.has(lane.queue)) continue;
      for (const entry of lane.fifo) {
        if (entry === mine) break;
        if (entry.state === "waiting" && (lane === mine.lane || entry.score < mine.score)) before++;
      }
    }
    return before;
  }

  async close(): Promise<void> {
    this.#listeners = [];
    await this.#backlog.close();
    this.#entries.clear();
    this.#lanes.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #addFromStore(task: Task): void {
    this.#add({ spec: task, attempt: task.attempt + 1, isRide: false, isSuspect: false });
  }

  #add(message: Message): void {
    const entry = this.#entry(message);
    entry.lane.fifo.push(entry);
  }

  #entry(message: Message): Entry {
    const { id, queue, priority, action } = message.spec;
    // Rides have lanes of their own, so that `quiesce` can tell by the head alone.
    const name = `${message.isRide ? "r" : "p"}${priority}${queue}\n${action}`;
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = new Lane(queue, action, message.isRide ? null : this.#share(queue, priority));
      this.#lanes.set(name, lane);
    }
    const entry: Entry = {
      message,
      lane,
      bytes: specBytes(message.spec),
      score: score(message, this.#ageStepMs),
      state: "waiting",
    };
    this.#entries.set(id, entry);
    this.#count(entry, 1);
    return entry;
  }

  #count(entry: Entry, sign: 1 | -1): void {
    this.#room.count(entry.lane.share, sign, sign * entry.bytes);
    const { queue } = entry.lane;
    let depth = this.#depths.get(queue);
    if (depth === undefined) this.#depths.set(queue, (depth = { waiting: 0, waitingBytes: 0 }));
    depth.waiting += sign;
    depth.waitingBytes += sign * entry.bytes;
  }

  #share(queue: string, priority: number): Share {
    return this.#room.share(`${priority}${queue}`);
  }

  #announce(): void {
    for (const listener of this.#listeners) listener();
  }
}

type OpenLane = { lane: Lane; room: number; score: number };
