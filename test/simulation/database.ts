/**
 * A database as a model: rows in memory, one thing after another, each as `decide` says. Drivers are held to the same rules by tests of
 * their own; what is tried here is everything around it. It may be slow, away, or at a loss: it commits, and the answer never comes.
 */
import type { ClaimEvent, Held, Lost, PresentNode, Reaped, Reaping } from "../../src/store/shared-store.ts";
import type { Applied, QueueState } from "../../src/store/store.ts";
import { decide, type TaskEvent } from "../../src/task/decide.ts";
import type { ActionInfo, Task } from "../../src/task/task.ts";
import { BEGIN, type VirtualTime } from "./virtual-time.ts";

const UNSEEN_MS = 20_000;
const LONGEST_MS = 600_000;
const MOST_DOUBLINGS = 10;

type Row = {
  task: Task;
  worker: string | null;
  leaseUntil: number;
  publishAt: number;
  published: number;
  /** For the rules: how often it was found to be published again, and since when it counts. */
  found: { times: number; since: number };
};

/** What may happen to a call; chances of each. */
export type DatabaseFaults = {
  /** It was refused, and nothing was done. */
  refused: number;
  /** It was done, and the answer was lost. */
  unknown: number;
  /** It took a second or more. */
  slow: number;
};

/** Every change of a row, for who holds them against the rules. */
export type Change = { readonly event: TaskEvent; readonly before: Task | null; readonly after: Task | null };
/** A row that waits was found once more, to be published again. */
export type Found = { readonly task: Task; readonly times: number; readonly waitedMs: number };
export type Watching = {
  readonly changed: (change: Change) => void;
  readonly found: (found: Found) => void;
};

export class Database {
  readonly rows: Map<string, Row> = new Map();
  readonly faults: DatabaseFaults = { refused: 0, unknown: 0, slow: 0 };
  readonly #time: VirtualTime;
  readonly #watching: Watching;
  readonly #keys = new Map<string, string>();
  readonly #modes = new Map<string, QueueState>();
  readonly #actions = new Map<string, ActionInfo>();
  readonly #nodes = new Map<string, { info: unknown; until: number }>();
  #awayUntil = 0;

  constructor(time: VirtualTime, watching: Watching) {
    this.#time = time;
    this.#watching = watching;
  }

  /** Nobody reaches it for so long; what is under way is at a loss. */
  goAway(ms: number): void {
    this.#awayUntil = Math.max(this.#awayUntil, this.#time.now + ms);
  }

  comeBack(): void {
    this.#awayUntil = 0;
  }

  get isAway(): boolean {
    return this.#time.now < this.#awayUntil;
  }

  /** Whole epoch milliseconds by its own clock. */
  get now(): number {
    return Math.floor(BEGIN + this.#time.now);
  }

  apply(events: readonly TaskEvent[]): Applied[] {
    return events.map((event) => this.#decide(event));
  }

  #decide(event: TaskEvent): Applied {
    const row = this.rows.get(event.id);
    const stored = row?.task ?? null;
    const key = event.spec?.key ?? null;
    const holder = key === null ? undefined : this.rows.get(this.#keys.get(key) ?? "")?.task;
    if (holder !== undefined && holder.id !== event.id) {
      if (event.type === "submit") return toApplied(decide(holder, event));
      if (stored === null) return { verdict: "conflict", task: holder };
    }
    const decision = decide(stored, event);
    if (decision.row !== stored) {
      if (decision.row === null) this.#remove(stored!);
      else this.#write(decision.row);
      this.#watching.changed({ event, before: stored, after: decision.row });
    }
    return toApplied(decision);
  }

  #write(task: Task): void {
    const publishAt = task.state === "queued" ? this.now + UNSEEN_MS : Infinity;
    const found = { times: 0, since: this.now };
    this.rows.set(task.id, { task, worker: null, leaseUntil: 0, publishAt, published: 0, found });
    if (task.key !== null) this.#keys.set(task.key, task.id);
  }

  #remove(task: Task): void {
    this.rows.delete(task.id);
    if (task.key !== null) this.#keys.delete(task.key);
  }

  claim(claims: readonly ClaimEvent[], worker: string, leaseMs: number): Applied[] {
    const answers = this.apply(claims);
    for (const [i, { id }] of claims.entries()) {
      if (answers[i]!.verdict !== "applied") continue;
      const row = this.rows.get(id)!;
      row.worker = worker;
      row.leaseUntil = this.now + leaseMs;
    }
    return answers;
  }

  renew(worker: string, held: readonly Held[], leaseMs: number): Set<string> {
    const still = held.filter(({ id, attempt }) => {
      const row = this.rows.get(id);
      return row?.task.state === "running" && row.task.attempt === attempt && row.worker === worker;
    });
    for (const { id } of still) this.rows.get(id)!.leaseUntil = this.now + leaseMs;
    return new Set(still.map(({ id }) => id));
  }

  reap({ graceMs, holdMs = 0, limit }: Reaping, judge: (lost: Lost) => TaskEvent): Reaped[] {
    const running = this.#all().filter(({ task, worker }) => task.state === "running" && worker !== null);
    const ended = running.filter(({ leaseUntil }) => leaseUntil < this.now - graceMs);
    ended.sort((a, b) => a.leaseUntil - b.leaseUntil);
    ended.length = Math.min(ended.length, limit);
    const goesOn = new Set(
      running.filter((row) => row.leaseUntil >= this.now - graceMs).map(({ worker }) => worker),
    );
    const isOver = ({ leaseUntil }: Row): boolean => this.now - leaseUntil > graceMs + holdMs;
    const lost = ended.filter((row) => !goesOn.has(row.worker) || isOver(row));
    const together = new Map([...goesOn].map((worker) => [worker, 1]));
    for (const { worker } of lost) together.set(worker, (together.get(worker) ?? 0) + 1);
    return lost.map((row) => {
      const worker = row.worker!;
      const about = { task: row.task, worker, together: together.get(worker)!, at: this.now };
      return { ...this.#decide(judge(about)), worker };
    });
  }

  sweep(againMs: number, limit: number): Task[] {
    const due = this.#all().filter(({ task, publishAt }) => task.state === "queued" && publishAt <= this.now);
    due.sort((a, b) => a.publishAt - b.publishAt);
    due.length = Math.min(due.length, limit);
    for (const row of due) {
      row.publishAt = this.now + Math.min(LONGEST_MS, againMs * 2 ** row.published);
      row.published = Math.min(row.published + 1, MOST_DOUBLINGS);
      const times = ++row.found.times;
      this.#watching.found({ task: row.task, times, waitedMs: this.now - row.found.since });
    }
    return due.map(({ task }) => task).sort(byId);
  }

  unpublished(ids: readonly string[]): void {
    for (const row of this.#queued(ids)) {
      row.publishAt = this.now;
      row.found = { times: 0, since: this.now };
    }
  }

  postpone(ids: readonly string[], ms: number): void {
    for (const row of this.#queued(ids))
      row.publishAt = this.now + Math.min(LONGEST_MS, ms * 2 ** row.published);
  }

  stale(tries: readonly Held[]): Set<string> {
    const isFit = ({ id, attempt }: Held): boolean => {
      const task = this.rows.get(id)?.task;
      return task?.state === "queued" && task.attempt === attempt - 1;
    };
    return new Set(tries.filter((one) => !isFit(one)).map(({ id }) => id));
  }

  tasks(fits: (task: Task) => boolean): Task[] {
    const found: Task[] = [];
    for (const { task } of this.rows.values()) if (fits(task)) found.push(task);
    return found;
  }

  byKey(key: string): Task | null {
    return this.rows.get(this.#keys.get(key) ?? "")?.task ?? null;
  }

  announce(actions: readonly ActionInfo[]): void {
    for (const action of actions) this.#actions.set(action.name, action);
  }

  catalogue(): ActionInfo[] {
    return [...this.#actions.values()];
  }

  setQueue(state: QueueState): void {
    if (state.mode === "open") this.#modes.delete(state.queue);
    else this.#modes.set(state.queue, state);
  }

  queueStates(): QueueState[] {
    return [...this.#modes.values()];
  }

  beat(node: string, info: unknown, ttlMs: number): void {
    this.#nodes.set(node, { info, until: this.now + ttlMs });
  }

  enter(node: string, describe: (present: readonly PresentNode[]) => unknown, ttlMs: number): void {
    this.beat(node, describe(this.nodes()), ttlMs);
  }

  leave(node: string): void {
    this.#nodes.delete(node);
  }

  nodes(): PresentNode[] {
    const alive = [...this.#nodes].filter(([, { until }]) => until > this.now);
    return alive.map(([node, { info }]) => ({ node, info })).sort((a, b) => (a.node < b.node ? -1 : 1));
  }

  #all(): Row[] {
    return [...this.rows.values()];
  }

  #queued(ids: readonly string[]): Row[] {
    return ids.flatMap((id) => {
      const row = this.rows.get(id);
      return row?.task.state === "queued" ? [row] : [];
    });
  }
}

function toApplied({ verdict, row }: ReturnType<typeof decide>): Applied {
  return { verdict, task: row };
}

/** In the order of ids. */
export function byId(a: Task, b: Task): number {
  return a.id < b.id ? -1 : 1;
}
