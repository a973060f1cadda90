/**
 * Brings back from the store what did not fit the window, one lane (queue and priority) after another, in order of id.
 * A lane is expected to have more until a read from its beginning came to its end without finding anything unknown.
 */
import type { Store } from "../store/store.ts";
import { TaskMap } from "../task/task-map.ts";
import type { Task } from "../task/task.ts";
import { specBytes } from "./lane.ts";

/** More at once would not be cheaper, only longer: for the reader, who is asked other things too, and for the turn that takes them. */
const READ_ROWS = 2000;
/** What a row is taken for before any was seen: large, lest the first read be too much for the memory. */
const FIRST_BYTES = 65_536;

const AFTER_ERROR_MS = 500;

type Expected = {
  queue: string;
  priority: number;
  after: string | null;
  /** Of one row, in memory; by the last that were read. */
  bytesEach: number;
  foundSinceStart: boolean;
  isAskedAgain: boolean;
};
type Window = {
  isKnown: (id: string) => boolean;
  add: (task: Task) => void;
  /** How many more of this size may be added. */
  room: (queue: string, priority: number, bytesEach: number) => number;
  onAdded: () => void;
  onError: (error: unknown) => void;
};

export class Backlog {
  readonly #store: Pick<Store, "backlog">;
  readonly #window: Window;
  readonly #expected = new Map<string, Expected>();
  /** Ids that left while a read was under way: its rows are older than their end. */
  readonly #goneMeanwhile = new TaskMap<true>();
  #filling: Promise<void> | null = null;
  #isDue = false;
  #isClosed = false;

  constructor(store: Pick<Store, "backlog">, window: Window) {
    this.#store = store;
    this.#window = window;
  }

  get isAnyExpected(): boolean {
    return this.#expected.size > 0;
  }

  isExpected(queue: string, priority: number): boolean {
    return this.#expected.has(`${priority}${queue}`);
  }

  expect(queue: string, priority: number): void {
    const name = `${priority}${queue}`;
    const lane = this.#expected.get(name);
    if (lane) lane.isAskedAgain = true;
    else
      this.#expected.set(name, {
        queue,
        priority,
        after: null,
        bytesEach: FIRST_BYTES,
        foundSinceStart: false,
        isAskedAgain: false,
      });
  }

  forget(id: string): void {
    if (this.#filling) this.#goneMeanwhile.add(id, true);
  }

  /** Starts reading, or does so once more when it has done; unless nothing is expected. */
  fill(): void {
    if (this.#isClosed || this.#expected.size === 0) return;
    if (this.#filling) {
      this.#isDue = true;
      return;
    }
    this.#isDue = false;
    this.#filling = this.#fillLanes()
      .catch((error: unknown) => {
        this.#window.onError(error);
        // Where nothing waits, nothing is taken, and nobody would ask again.
        setTimeout(() => this.fill(), AFTER_ERROR_MS).unref();
      })
      .finally(() => {
        this.#filling = null;
        this.#goneMeanwhile.clear();
        if (this.#isDue) this.fill();
      });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#filling;
  }

  async #fillLanes(): Promise<void> {
    // High priorities first: map order is arrival, so sort by level.
    const lanes = [...this.#expected].sort(([, a], [, b]) => b.priority - a.priority);
    for (const [name, lane] of lanes) {
      for (;;) {
        const limit = Math.min(READ_ROWS, this.#room(lane));
        if (limit <= 0 || this.#isClosed) break;
        this.#goneMeanwhile.clear();
        lane.isAskedAgain = false;
        const rows = await this.#store.backlog(lane.queue, lane.priority, lane.after, limit);
        if (this.#isClosed) return;
        if (this.#addRows(lane, rows)) this.#window.onAdded();
        if (rows.length === limit) continue;
        // The end. Ids come from many makers, so some may have come in behind us: once more from the start, until nothing is new.
        lane.after = null;
        if (!lane.foundSinceStart && !lane.isAskedAgain) {
          this.#expected.delete(name);
          break;
        }
        lane.foundSinceStart = false;
      }
    }
  }

  #room({ queue, priority, bytesEach }: Expected): number {
    return this.#window.room(queue, priority, bytesEach);
  }

  #addRows(lane: Expected, rows: readonly Task[]): boolean {
    let isAny = false;
    if (rows.length > 0) {
      const bytes = rows.reduce((sum, row) => sum + specBytes(row), 0);
      lane.bytesEach = Math.ceil(bytes / rows.length);
    }
    for (const row of rows) {
      if (!this.#window.isKnown(row.id) && !this.#goneMeanwhile.has(row.id)) {
        if (this.#room(lane) <= 0) {
          lane.foundSinceStart = true;
          return isAny;
        }
        this.#window.add(row);
        isAny = true;
        lane.foundSinceStart = true;
      }
      lane.after = row.id;
    }
    return isAny;
  }
}
