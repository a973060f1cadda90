import type { TaskEvent } from "../task/decide.ts";
import type { Task } from "../task/task.ts";
import type { Applied, Store } from "./store.ts";

/**
 * A store that several processes share, and what only they need: leases, a look for tasks that nobody sees, presence of nodes.
 *
 * - The store's own clock is the only clock for leases, presence and when to publish again: no instant of a caller's is compared
 *   with it. Durations go in, milliseconds.
 * - All guarantees are the rows': a queue may lose, repeat or reorder what it was told, and nothing breaks.
 * - A row that becomes `queued` by any event is to be published by whoever said that event; the store lets {@link sweep} find it
 *   about 20 seconds later, in case that came to nothing.
 * - Refusals are those of {@link Store}. After `unavailable` from {@link claim} the task MUST NOT run: whether it was claimed is
 *   asked by claiming again, which then answers `unchanged` with the row, or left to {@link reap}.
 */
export interface SharedStore extends Store {
  /**
   * As `apply` of these events, and what was applied is leased to `worker` in the same transaction. A task may run only after
   * this answered `applied` for it.
   */
  claim(claims: readonly ClaimEvent[], worker: string, leaseMs: number): Promise<Applied[]>;
  /**
   * Extends the leases of all that a worker runs, in one statement.
   * @returns ids of those it still holds: of all others the lease is lost, and what runs MUST be stopped.
   */
  renew(worker: string, held: readonly Held[], leaseMs: number): Promise<Set<string>>;
  /**
   * Rows whose lease ended more than `graceMs` ago, later by `holdMs` at most while their worker has leases that go on, so that what it
   * lost at once is judged together: `judge` says for each what happened, which is decided and written in the same
   * transaction. What another process has in hand is passed over. A claim by `apply` has no lease and is never found here.
   * @param judge pure; may be called again for the same row.
   */
  reap(reaping: Reaping, judge: (lost: Lost) => TaskEvent): Promise<Reaped[]>;

  /**
   * Some queued rows that are to be published again, chosen by how long they wait, told in the order of ids. Each is found again after `againMs`, doubling with
   * each time it was found, to 10 minutes at most. Of several processes that look at once each finds others.
   */
  sweep(againMs: number, limit: number): Promise<Task[]>;
  /** Publishing them failed: the next {@link sweep} finds those that are still queued. */
  unpublished(ids: readonly string[]): Promise<void>;

  /** A while before the next {@link sweep} finds them, if they are queued: `ms`, doubling with each time they were found. */
  postpone(ids: readonly string[], ms: number): Promise<void>;

  /** @returns ids of those whose row does not wait for this very attempt: they are not to run. */
  stale(tries: readonly Held[]): Promise<Set<string>>;
  /** The rows among these that are final. */
  finals(ids: readonly string[]): Promise<Task[]>;

  /** How many rows a newer Tanda wrote in a form that is not known here: they are left alone. */
  unknown(): Promise<number>;

  /** Epoch milliseconds by the store's clock, which all nodes go by. */
  now(): Promise<number>;

  /** This node lives, for `ttlMs` at least. @param info what others are to know of it; JSON. */
  beat(node: string, info: unknown, ttlMs: number): Promise<void>;
  /**
   * As `beat`, for the first time. Of several that enter at once each is told of all that did before it.
   * @param describe of those that live: what others are to know of this node. Pure; may be called again.
   */
  enter(node: string, describe: (present: readonly PresentNode[]) => unknown, ttlMs: number): Promise<void>;
  /** It went by itself. */
  leave(node: string): Promise<void>;
  /** Those that live, by name. */
  nodes(): Promise<PresentNode[]>;
}

export type ClaimEvent = Extract<TaskEvent, { type: "claim" }>;
export type Held = { readonly id: string; readonly attempt: number };

/** @property holdMs default 0: none is waited for. */
export type Reaping = { readonly graceMs: number; readonly holdMs?: number; readonly limit: number };

export type Lost = {
  readonly task: Task;
  readonly worker: string;
  /** How many leases this worker had when this one ended, this one too: 1 = it was the only one. */
  readonly together: number;
  /** Epoch milliseconds, by the store's clock. */
  readonly at: number;
};
export type Reaped = Applied & { readonly worker: string };

export type PresentNode = { readonly node: string; readonly info: unknown };
