/**
 * Brings back from the store what did not fit the window, one lane (queue and priority) after another, in order of id.
 * A lane is expected to have more until a read from its beginning came to its end without finding anything unknown.
 */
import type { Store } from "../store/store.ts";
import type { Task } from "../task/task.ts";

const READ_ROWS = 10_000;

type Expected = {
  queue: string;
  priority: number;
  after: string | null;
  foundSinceStart: boolean;
  isAskedAgain: boolean;
};
type Window = {
  isKnown: (id: string) => boolean;
  add: (task: Task) => void;
  hasRoom: () => boolean;
  onAdded: () => void;
  onError: (error: unknown) => void;
};

export class Backlog {
  readonly #store: Pick<Store, "backlog">;
  readonly #window: Window;
  readonly #expected = new Map<string, Expected>();
  /** Ids that left while a read was under way: its rows are older than their end. */
  readonly #goneMeanwhile = new Set<string>();
  #filling: Promise<void> | null = null;
  #isClosed = false;

  constructor(store: Pick<Store, "backlog">, window: Window) {
    this.#store = store;
    this.#window = window;
  }

  isExpected(queue: string, priority: number): boolean {
    return this.#expected.has(`${priority}${queue}`);
  }

  expect(queue: string, priority: number): void {
    const name = `${priority}${queue}`;
    const lane = this.#expected.get(name);
    if (lane) lane.isAskedAgain = true;
    else
      this.#expected.set(name, { queue, priority, after: null, foundSinceStart: false, isAskedAgain: false });
  }

  forget(id: string): void {
    if (this.#filling) this.#goneMeanwhile.add(id);
  }

  /** Starts reading, unless it does already or nothing is expected. */
  fill(): void {
    if (this.#filling || this.#isClosed || this.#expected.size === 0) return;
    this.#filling = this.#fillLanes()
      .catch(this.#window.onError)
      .finally(() => {
        this.#filling = null;
        this.#goneMeanwhile.clear();
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
      while (this.#window.hasRoom() && !this.#isClosed) {
        this.#goneMeanwhile.clear();
        lane.isAskedAgain = false;
        const rows = await this.#store.backlog(lane.queue, lane.priority, lane.after, READ_ROWS);
        if (this.#isClosed) return;
        if (this.#addRows(lane, rows)) this.#window.onAdded();
        if (rows.length === READ_ROWS) continue;
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

  #addRows(lane: Expected, rows: readonly Task[]): boolean {
    let isAny = false;
    for (const row of rows) {
      if (!this.#window.isKnown(row.id) && !this.#goneMeanwhile.has(row.id)) {
        if (!this.#window.hasRoom()) {
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
