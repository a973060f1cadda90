/** Who watches: events go out in batches, a turn's at a time, and cost nothing while nobody watches. */
import type { WatchEvent } from "../protocol/messages.ts";
import type { WatchFilter, WatchListener } from "./engine.ts";

type Watcher = { filter: WatchFilter; listener: WatchListener; events: WatchEvent[]; missed: number };

/** Events one watcher may have waiting for a turn's end. */
const MOST_EVENTS = 10_000;

/** `about` is what filters look at; an event itself may not carry it. */
export type About = { task: string; action: string; queue: string; owner: string | null };

export class Watchers {
  readonly #byTask = new Map<string, Set<Watcher>>();
  readonly #wide = new Set<Watcher>();
  readonly #dirty = new Set<Watcher>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get isAny(): boolean {
    return this.#byTask.size > 0 || this.#wide.size > 0;
  }

  /** Those that somebody watches by their ids. */
  tasks(): string[] {
    return [...this.#byTask.keys()];
  }

  add(filter: WatchFilter, listener: WatchListener): { stop: () => void } {
    const watcher: Watcher = { filter, listener, events: [], missed: 0 };
    const { task } = filter;
    if (task === undefined) this.#wide.add(watcher);
    else {
      const set = this.#byTask.get(task) ?? new Set();
      this.#byTask.set(task, set.add(watcher));
    }
    return { stop: () => this.#remove(watcher) };
  }

  emit(about: About, event: WatchEvent): void {
    const single = this.#byTask.get(about.task);
    if (single) for (const watcher of single) this.#push(watcher, event);
    for (const watcher of this.#wide) {
      const { action, queue, owner } = watcher.filter;
      if (
        (action === undefined || action === about.action) &&
        (queue === undefined || queue === about.queue) &&
        (owner === undefined || owner === about.owner)
      ) {
        this.#push(watcher, event);
      }
    }
  }

  /** The task is final: those who watch only it are told so with their last batch. */
  end(task: string): void {
    const single = this.#byTask.get(task);
    if (single === undefined) return;
    this.#byTask.delete(task);
    for (const watcher of single) {
      this.#dirty.delete(watcher);
      this.#deliver(watcher, true);
    }
  }

  #push(watcher: Watcher, event: WatchEvent): void {
    // The states of one task are few, and the last of them is what its watcher waits for.
    const isNeeded = watcher.filter.task !== undefined && event.type === "state";
    if (watcher.events.length >= MOST_EVENTS && !isNeeded) {
      watcher.missed++;
      return;
    }
    watcher.events.push(event);
    if (this.#dirty.size === 0) setImmediate(() => this.#flush());
    this.#dirty.add(watcher);
  }

  #flush(): void {
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    for (const watcher of dirty) this.#deliver(watcher, false);
  }

  #deliver(watcher: Watcher, isLast: boolean): void {
    const events = watcher.events;
    watcher.events = [];
    if (watcher.missed > 0) {
      events.splice(isLast ? -1 : events.length, 0, {
        type: "missed",
        at: this.#now(),
        count: watcher.missed,
      });
      watcher.missed = 0;
    }
    watcher.listener(events, isLast);
  }

  #remove(watcher: Watcher): void {
    this.#wide.delete(watcher);
    this.#dirty.delete(watcher);
    const { task } = watcher.filter;
    if (task === undefined) return;
    const set = this.#byTask.get(task);
    set?.delete(watcher);
    if (set?.size === 0) this.#byTask.delete(task);
  }
}
