/**
 * Applies events: `decide` says what becomes of a row, this writes it. Many calls are one transaction; when it fails, each call
 * is tried in a transaction of its own, so that only the bad one is refused.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { decide, type TaskEvent, type Verdict } from "../task/decide.ts";
import type { TandaError } from "../task/errors.ts";
import type { SqliteCounts } from "./sqlite-counts.ts";
import { isUnreadable, toStoreError } from "./sqlite-errors.ts";
import { isDone, isPlainSubmit, isRide, type Ride, type Submit } from "./plain-events.ts";
import { ROWS_A_STATEMENT, type SqlitePlain } from "./sqlite-plain.ts";
import { SpoiltRow } from "./spoilt-row.ts";
import { toRow, toTask, type Row } from "./task-row.ts";
import type { SqliteTasks } from "./sqlite-tasks.ts";

/** Null = applied, and the caller can tell the row by itself: a submit's new task, a finish that is done. */
export type Answer = readonly [verdict: Verdict, row: Row | null] | null;
export type CallAnswer = readonly Answer[] | TandaError;

const APPLIED: Answer = null;

export class SqliteApply {
  readonly #counts: SqliteCounts;
  readonly #tasks: SqliteTasks;
  readonly #plain: SqlitePlain;
  readonly #transaction: Transaction;

  constructor(tasks: SqliteTasks, plain: SqlitePlain, counts: SqliteCounts, transaction: Transaction) {
    this.#tasks = tasks;
    this.#plain = plain;
    this.#counts = counts;
    this.#transaction = transaction;
  }

  /** One answer a call, when all that was accepted is durable. Never throws. */
  applyAll(calls: readonly (readonly TaskEvent[])[]): CallAnswer[] {
    try {
      return this.#commit(calls);
    } catch (error) {
      if (calls.length === 1) return [toStoreError(error)];
      return calls.flatMap((call) => this.applyAll([call]));
    }
  }

  #commit(calls: readonly (readonly TaskEvent[])[]): CallAnswer[] {
    try {
      const answers = this.#transaction.run(() => {
        const answers = calls.map((events) => this.#applyCall(events));
        this.#counts.write();
        return answers;
      });
      this.#counts.committed();
      return answers;
    } catch (error) {
      this.#counts.rolledBack();
      throw error;
    }
  }

  #applyCall(events: readonly TaskEvent[]): Answer[] {
    const answers: Answer[] = [];
    let rides: Ride[] = [];
    let submits: Submit[] = [];
    // Events are settled in their order: of the two, at most one has any.
    const settle = (): void => {
      if (
        (rides.length === ROWS_A_STATEMENT && this.#plain.insertRides(rides)) ||
        (submits.length === ROWS_A_STATEMENT && this.#plain.insertSubmits(submits))
      ) {
        for (let i = 0; i < ROWS_A_STATEMENT; i++) answers.push(APPLIED);
      } else {
        for (const event of rides) answers.push(this.#applyEvent(event));
        for (const event of submits) answers.push(this.#applyEvent(event));
      }
      rides = [];
      submits = [];
    };
    for (const event of events) {
      if (isRide(event)) {
        if (submits.length > 0) settle();
        if (rides.push(event) === ROWS_A_STATEMENT) settle();
      } else if (isPlainSubmit(event)) {
        if (rides.length > 0) settle();
        if (submits.push(event) === ROWS_A_STATEMENT) settle();
      } else {
        if (rides.length + submits.length > 0) settle();
        answers.push(this.#applyEvent(event));
      }
    }
    settle();
    return answers;
  }

  /** A row that cannot be read is another's, as far as anybody can tell: before it is read nothing is written. */
  #applyEvent(event: TaskEvent): Answer {
    try {
      return this.#applyReadable(event);
    } catch (error) {
      if (error instanceof SpoiltRow || isUnreadable(error)) return ["conflict", null];
      throw error;
    }
  }

  #applyReadable(event: TaskEvent): Answer {
    if (event.spec !== undefined) {
      const { row, verdict } = decide(null, event);
      if (row !== null && this.#tasks.insert(row))
        return isTold(event, verdict) ? APPLIED : [verdict, toRow(row)];
    }
    return this.#applyToStored(event);
  }

  #applyToStored(event: TaskEvent): Answer {
    const key = event.spec?.key ?? null;
    if (event.type === "submit" && key !== null) {
      // With both an id and a key, the key decides.
      const holder = this.#tasks.byKey(key);
      if (holder !== null) return [decide(toTask(holder), event).verdict, holder];
    }
    if (isDone(event) && this.#plain.finish(event)) return APPLIED;
    const before = this.#tasks.byId(event.id);
    if (before === null) {
      const holder = key === null ? null : this.#tasks.byKey(key);
      return holder === null ? ["not_found", null] : ["conflict", holder];
    }
    const stored = toTask(before);
    const { row, verdict } = decide(stored, event);
    if (row === null) this.#tasks.delete(stored.id, stored.queue, stored.action, stored.state);
    else if (row !== stored) this.#tasks.update(before, row);
    if (isTold(event, verdict)) return APPLIED;
    return [verdict, row === null ? null : row === stored ? before : toRow(row)];
  }
}

function isTold(event: TaskEvent, verdict: Verdict): boolean {
  if (verdict !== "applied") return false;
  return event.type === "submit" || (event.type === "finish" && event.outcome.type === "done");
}

/** Runs something as one durable transaction; whatever it throws, nothing of it is left. */
export class Transaction {
  readonly #db: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #rollback: StatementSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#begin = db.prepare("begin immediate");
    this.#commit = db.prepare("commit");
    this.#rollback = db.prepare("rollback");
  }

  run<T>(work: () => T): T {
    this.#begin.run();
    try {
      const result = work();
      this.#commit.run();
      return result;
    } catch (error) {
      // A full disk may have ended the transaction already.
      if (this.#db.isTransaction) this.#rollback.run();
      throw error;
    }
  }
}
