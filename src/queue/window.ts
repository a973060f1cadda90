/**
 * What waits in this process and what was taken from it: lanes by queue, priority and action, picked by priority with ageing. Which
 * of it comes from where, and how much there may be, is for the queue that has it.
 */
import { TaskMap } from "../task/task-map.ts";
import type { Message, QueueDepth, RoomFor } from "./queue.ts";
import { Lane, score, specBytes, type Entry, type Share } from "./lane.ts";
import { grouped, type OpenLane, type OpenLanes } from "./open-lanes.ts";
import { TurnOrder } from "./turns.ts";

/** So much earlier a task counts as come for every level of its priority, unless told otherwise. */
export const AGE_STEP_MS = 60_000;

export type WindowOptions = {
  /** What one level of priority is worth, in waiting time. */
  ageStepMs: number;
  /** What is counted together; null for what is not counted. */
  shareOf: (message: Message) => Share | null;
  onCount: (share: Share | null, tasks: 1 | -1, bytes: number) => void;
  /** A lane is empty and goes: names come from outside, and must not pile up. */
  onEmpty: (lane: Lane) => void;
};

export class Window {
  readonly #options: WindowOptions;
  readonly #entries = new TaskMap<Entry>();
  readonly #lanes = new Map<string, Lane>();
  /** Of rides, by queue and priority. */
  readonly #orders = new Map<string, TurnOrder>();
  readonly #paused = new Set<string>();
  readonly #depths = new Map<string, { waiting: number; waitingBytes: number }>();
  #listeners: (() => void)[] = [];
  #lastArrival = 0;
  #onlyRides = false;
  #isGiving = true;

  constructor(options: WindowOptions) {
    this.#options = options;
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  isWaiting(id: string): boolean {
    return this.#entries.get(id)?.state === "waiting";
  }

  add(message: Message): void {
    const entry = this.#entry(message);
    entry.lane.push(entry);
  }

  putBack(messages: readonly Message[]): void {
    for (const message of messages) {
      const old = this.#entries.get(message.spec.id);
      if (old) {
        if (old.state === "waiting") this.#count(old, -1);
        old.state = "gone";
      }
      const entry = this.#entry(message, old?.arrival);
      entry.lane.unshift(entry);
    }
    this.announce();
  }

  /** @returns the lanes that something could be taken from, for `take`; how much was left of their room stays in them. */
  openLanes(room: RoomFor): OpenLane[] {
    const open: OpenLane[] = [];
    if (!this.#isGiving) return open;
    const rooms = new Map<string, number>();
    for (const [name, lane] of this.#lanes) {
      const head = lane.oldest();
      if (head === undefined) {
        this.#drop(name, lane);
        continue;
      }
      if (this.#paused.has(lane.queue) || (this.#onlyRides && !head.message.isRide)) continue;
      const isRide = head.message.isRide;
      const kind = isRide ? `r${lane.action}` : `p${lane.action}`;
      let left = rooms.get(kind);
      if (left === undefined) rooms.set(kind, (left = room(lane.action, isRide)));
      if (left > 0) open.push({ lane, room: left });
    }
    return open;
  }

  take(max: number, open: readonly OpenLane[]): Message[] {
    const taken: Message[] = [];
    const groups = grouped(open);
    while (taken.length < max) {
      let best: OpenLanes | undefined;
      let bestScore = Infinity;
      let secondScore = Infinity;
      for (const group of groups) {
        const { oldestScore } = group;
        if (oldestScore < bestScore) {
          secondScore = bestScore;
          bestScore = oldestScore;
          best = group;
        } else if (oldestScore < secondScore) secondScore = oldestScore;
      }
      if (best === undefined) break;
      this.#takeRun(best, secondScore, max, taken);
    }
    return taken;
  }

  /** As long as its oldest is before every other group's, no need to compare again. */
  #takeRun(group: OpenLanes, until: number, max: number, taken: Message[]): void {
    for (let oldest = group.oldestScore; oldest <= until && oldest < Infinity; oldest = group.oldestScore) {
      if (taken.length >= max) return;
      const next = group.take();
      next.state = "taken";
      this.#count(next, -1);
      taken.push(next.message);
    }
  }

  #drop(name: string, lane: Lane): void {
    this.#lanes.delete(name);
    const { order, turns, priority, queue } = lane;
    turns?.close();
    if (order !== null && --order.lines === 0) this.#orders.delete(`${priority}${queue}`);
    this.#options.onEmpty(lane);
    if (this.#depths.get(lane.queue)?.waiting === 0) this.#depths.delete(lane.queue);
  }

  onReady(listener: () => void): void {
    this.#listeners.push(listener);
  }

  announce(): void {
    for (const listener of this.#listeners) listener();
  }

  /** @returns false when it is not here, neither waiting nor taken. */
  settle(id: string): boolean {
    const entry = this.#entries.delete(id);
    if (entry === undefined) return false;
    if (entry.state === "waiting") this.#count(entry, -1);
    entry.state = "gone";
    return true;
  }

  pause(queue: string): void {
    this.#paused.add(queue);
  }

  resume(queue: string): void {
    this.#paused.delete(queue);
    this.announce();
  }

  isPaused(queue: string): boolean {
    return this.#paused.has(queue);
  }

  quiesce(): void {
    this.#onlyRides = true;
  }

  get isGiving(): boolean {
    return this.#isGiving;
  }

  stopTaking(): void {
    this.#isGiving = false;
  }

  startTaking(): void {
    this.#isGiving = true;
    this.announce();
  }

  depths(): QueueDepth[] {
    const oldest = new Map<string, number>();
    for (const lane of this.#lanes.values()) {
      const spec = lane.oldest()?.message.spec;
      if (spec)
        oldest.set(lane.queue, Math.min(oldest.get(lane.queue) ?? Infinity, spec.dueAt ?? spec.createdAt));
    }
    return [...this.#depths].map(([queue, { waiting, waitingBytes }]) => {
      return { queue, waiting, waitingBytes, oldestAt: oldest.get(queue) ?? null };
    });
  }

  waitingBelow(queue: string, priority: number): number {
    let sum = 0;
    for (const lane of this.#lanes.values())
      if (lane.queue === queue && lane.priority < priority)
        for (const { state } of lane) if (state === "waiting") sum++;
    return sum;
  }

  position(id: string): number | null {
    const mine = this.#entries.get(id);
    if (mine?.state !== "waiting") return null;
    let before = 0;
    for (const lane of this.#lanes.values()) {
      if (this.#paused.has(lane.queue)) continue;
      for (const entry of lane) {
        if (entry === mine) break;
        if (entry.state === "waiting" && (lane === mine.lane || entry.score < mine.score)) before++;
      }
    }
    return before;
  }

  /** In the order of their ids, which is that of their making: given to others, they start there as they would have here. */
  messages(state: "waiting" | "taken"): Message[] {
    return this.#entries
      .values()
      .filter((entry) => entry.state === state)
      .map(({ message }) => message)
      .sort((a, b) => (a.spec.id < b.spec.id ? -1 : 1));
  }

  close(): void {
    this.#listeners = [];
    this.#entries.clear();
    this.#lanes.clear();
    this.#orders.clear();
    this.#depths.clear();
  }

  #entry(message: Message, arrival = ++this.#lastArrival): Entry {
    const { id, queue, priority, action } = message.spec;
    // Rides have lanes of their own, so that `quiesce` can tell by the head alone.
    const name = `${message.isRide ? "r" : "p"}${priority}${queue}\n${action}`;
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      const turns = message.isRide ? this.#orderOf(queue, priority) : null;
      lane = new Lane(queue, priority, action, this.#options.shareOf(message), turns);
      this.#lanes.set(name, lane);
    }
    const entry: Entry = {
      message,
      lane,
      bytes: specBytes(message.spec),
      score: score(message, this.#options.ageStepMs),
      arrival,
      state: "waiting",
    };
    this.#entries.set(id, entry);
    this.#count(entry, 1);
    return entry;
  }

  #orderOf(queue: string, priority: number): TurnOrder {
    const name = `${priority}${queue}`;
    let order = this.#orders.get(name);
    if (order === undefined) this.#orders.set(name, (order = new TurnOrder()));
    order.lines++;
    return order;
  }

  #count(entry: Entry, sign: 1 | -1): void {
    this.#options.onCount(entry.lane.share, sign, sign * entry.bytes);
    const { queue } = entry.lane;
    let depth = this.#depths.get(queue);
    if (depth === undefined) this.#depths.set(queue, (depth = { waiting: 0, waitingBytes: 0 }));
    depth.waiting += sign;
    depth.waitingBytes += sign * entry.bytes;
  }
}
