/** What a process has of the database: calls that travel, are done or not, and whose answers travel back to whoever still lives. */
import type {
  ClaimEvent,
  Held,
  Lost,
  PresentNode,
  Reaped,
  Reaping,
  SharedStore,
} from "../../src/store/shared-store.ts";
import type {
  Applied,
  Count,
  ListQuery,
  Page,
  QueueState,
  RetentionRule,
  Retired,
} from "../../src/store/store.ts";
import type { AccessStore } from "../../src/store/access-store.ts";
import type { TaskEvent } from "../../src/task/decide.ts";
import { TandaError } from "../../src/task/errors.ts";
import { isFinal } from "../../src/task/state.ts";
import type { ActionInfo, Task } from "../../src/task/task.ts";
import { byId, type Database } from "./database.ts";
import type { Actor, VirtualTime } from "./virtual-time.ts";

/** A client of a database gives up then. */
const PATIENCE_MS = 5000;

export class DatabaseClient implements SharedStore {
  readonly #database: Database;
  readonly #time: VirtualTime;
  readonly #actor: Actor;
  readonly #isInside: boolean;
  #arrivesAt = 0;
  #answeredAt = 0;

  /** @param isInside by a thread of the process: calls are done and answered one after another, and die with it; else they overtake each other. */
  constructor(database: Database, time: VirtualTime, actor: Actor, isInside: boolean) {
    this.#isInside = isInside;
    this.#database = database;
    this.#time = time;
    this.#actor = actor;
  }

  #call<T>(work: (database: Database) => T): Promise<T> {
    const time = this.#time;
    const database = this.#database;
    const { faults } = database;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const answer = (ms: number, tell: () => void): void => {
      const at = (this.#answeredAt = Math.max(time.now + ms, this.#isInside ? this.#answeredAt : 0));
      time.after(at - time.now, this.#actor, tell);
    };
    const lose = (why: string): void => reject(new TandaError("unavailable", why));
    const ways = time.chance() < faults.slow ? time.between(500, 4000) : time.between(0.2, 3);
    this.#arrivesAt = Math.max(time.now + ways / 2, this.#isInside ? this.#arrivesAt : 0);
    time.after(this.#arrivesAt - time.now, null, () => {
      // Elsewhere, what is on its way is done, whatever becomes of who asked.
      if (this.#isInside && this.#actor.isDead) return;
      if (database.isAway) return answer(time.between(1, PATIENCE_MS), () => lose("The database is away."));
      if (time.chance() < faults.refused) return answer(ways / 2, () => lose("The database refused it."));
      let told: () => void;
      try {
        const value = work(database);
        told = () => resolve(value);
      } catch (error) {
        told = () => reject(error);
      }
      if (time.chance() < faults.unknown)
        return answer(time.between(1, PATIENCE_MS), () => lose("The answer of the database was lost."));
      // It goes away while the answer is under way.
      answer(ways / 2, () => (database.isAway ? lose("The database went away.") : told()));
    });
    return promise;
  }

  /** Histories have nobody who would need a token. */
  readonly access: AccessStore = {
    tokens: () => this.#call(() => []),
    keepTokens: () => this.#call(() => {}),
    record: () => this.#call(() => {}),
    audit: () => this.#call(() => []),
    retireAccess: () => this.#call(() => {}),
  };

  apply(events: readonly TaskEvent[]): Promise<Applied[]> {
    return this.#call((database) => database.apply(events));
  }
  claim(claims: readonly ClaimEvent[], worker: string, leaseMs: number): Promise<Applied[]> {
    return this.#call((database) => database.claim(claims, worker, leaseMs));
  }
  renew(worker: string, held: readonly Held[], leaseMs: number): Promise<Set<string>> {
    return this.#call((database) => database.renew(worker, held, leaseMs));
  }
  reap(reaping: Reaping, judge: (lost: Lost) => TaskEvent): Promise<Reaped[]> {
    return this.#call((database) => database.reap(reaping, judge));
  }
  sweep(againMs: number, limit: number): Promise<Task[]> {
    return this.#call((database) => database.sweep(againMs, limit));
  }
  unpublished(ids: readonly string[]): Promise<void> {
    return this.#call((database) => database.unpublished(ids));
  }
  postpone(ids: readonly string[], ms: number): Promise<void> {
    return this.#call((database) => database.postpone(ids, ms));
  }
  stale(tries: readonly Held[]): Promise<Set<string>> {
    return this.#call((database) => database.stale(tries));
  }
  finals(ids: readonly string[]): Promise<Task[]> {
    const wanted = new Set(ids);
    return this.#call((database) => database.tasks(({ id, state }) => wanted.has(id) && isFinal(state)));
  }
  unknown(): Promise<number> {
    return this.#call(() => 0);
  }
  now(): Promise<number> {
    return this.#call((database) => database.now);
  }
  beat(node: string, info: unknown, ttlMs: number): Promise<void> {
    return this.#call((database) => database.beat(node, info, ttlMs));
  }
  enter(node: string, describe: (present: readonly PresentNode[]) => unknown, ttlMs: number): Promise<void> {
    return this.#call((database) => database.enter(node, describe, ttlMs));
  }
  leave(node: string): Promise<void> {
    return this.#call((database) => database.leave(node));
  }
  nodes(): Promise<PresentNode[]> {
    return this.#call((database) => database.nodes());
  }
  get(ids: readonly string[]): Promise<(Task | null)[]> {
    return this.#call((database) => ids.map((id) => database.rows.get(id)?.task ?? null));
  }
  getByKey(keys: readonly string[]): Promise<(Task | null)[]> {
    return this.#call((database) => keys.map((key) => database.byKey(key)));
  }
  list({ limit }: ListQuery): Promise<Page> {
    const newest = (database: Database): Task[] => database.tasks(() => true).sort((a, b) => byId(b, a));
    return this.#call((database) => ({ tasks: newest(database).slice(0, limit), next: null }));
  }
  backlog(queue: string, priority: number, after: string | null, limit: number): Promise<Task[]> {
    const fits = (task: Task): boolean =>
      task.state === "queued" &&
      task.queue === queue &&
      task.priority === priority &&
      task.id > (after ?? "");
    return this.#call((database) => database.tasks(fits).sort(byId).slice(0, limit));
  }
  due(until: number, limit: number): Promise<Task[]> {
    const isDue = ({ state, dueAt }: Task): boolean =>
      (state === "scheduled" || state === "retrying") && dueAt! <= until;
    const soonest = (a: Task, b: Task): number => a.dueAt! - b.dueAt!;
    return this.#call((database) => database.tasks(isDue).sort(soonest).slice(0, limit));
  }
  nextDueAt(): Promise<number | null> {
    const isLater = ({ state }: Task): boolean => state === "scheduled" || state === "retrying";
    return this.#call((database) => {
      const at = Math.min(...database.tasks(isLater).map(({ dueAt }) => dueAt!));
      return at === Infinity ? null : at;
    });
  }
  overdue(until: number, limit: number): Promise<Task[]> {
    const isLate = ({ state, expiresAt }: Task): boolean =>
      expiresAt !== null && expiresAt <= until && state !== "running" && !isFinal(state);
    return this.#call((database) => database.tasks(isLate).slice(0, limit));
  }
  running(limit: number): Promise<Task[]> {
    return this.#call((database) => database.tasks(({ state }) => state === "running").slice(0, limit));
  }
  counts(): Promise<Count[]> {
    return this.#call((database) => {
      const counts = new Map<string, Count>();
      for (const { queue, action, state } of database.tasks(() => true)) {
        const key = `${queue} ${action} ${state}`;
        const count = counts.get(key) ?? { queue, action, state, count: 0 };
        counts.set(key, { ...count, count: count.count + 1 });
      }
      return [...counts.values()];
    });
  }
  announce(actions: readonly ActionInfo[]): Promise<void> {
    return this.#call((database) => database.announce(actions));
  }
  catalogue(): Promise<ActionInfo[]> {
    return this.#call((database) => database.catalogue());
  }
  setQueue(state: QueueState): Promise<void> {
    return this.#call((database) => database.setQueue(state));
  }
  queueStates(): Promise<QueueState[]> {
    return this.#call((database) => database.queueStates());
  }
  retire(_rule: RetentionRule): Promise<Retired> {
    return this.#call(() => ({ deleted: 0, isMore: false }));
  }
  referredBlobs(): Promise<string[]> {
    return this.#call(() => []);
  }
  probe(): Promise<void> {
    return this.#call(() => {});
  }
  size(): Promise<number> {
    return this.#call(() => 0);
  }
  async close(): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}
}
