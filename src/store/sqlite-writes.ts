/** All writes, over the one connection that writes, and a few reads; the same in the writer's thread and in memory. */
import type { DatabaseSync } from "node:sqlite";
import type { TaskEvent } from "../task/decide.ts";
import type { ActionInfo } from "../task/task.ts";
import { SqliteAside } from "./sqlite-aside.ts";
import type { AuditEntry, TokenRecord } from "../task/access.ts";
import type { AuditQuery } from "./access-store.ts";
import { SqliteAccess } from "./sqlite-access.ts";
import { SqliteApply, Transaction, type CallAnswer } from "./sqlite-apply.ts";
import { SqliteCounts } from "./sqlite-counts.ts";
import { SqliteRetire } from "./sqlite-retire.ts";
import { SqliteReads } from "./sqlite-reads.ts";
import { SqlitePlain } from "./sqlite-plain.ts";
import { SqliteTasks } from "./sqlite-tasks.ts";
import type { Row } from "./task-row.ts";
import type { Count, QueueState, Retired, RetentionRule } from "./store.ts";

export class SqliteWrites {
  readonly #db: DatabaseSync;
  readonly #transaction: Transaction;
  readonly #counts: SqliteCounts;
  readonly #apply: SqliteApply;
  readonly #retire: SqliteRetire;
  readonly #reads: SqliteReads;
  readonly #aside: SqliteAside;
  readonly #access: SqliteAccess;

  constructor(db: DatabaseSync, now: () => number) {
    this.#db = db;
    this.#transaction = new Transaction(db);
    this.#counts = new SqliteCounts(db);
    this.#reads = new SqliteReads(db);
    this.#aside = new SqliteAside(db, this.#counts, this.#transaction);
    this.#access = new SqliteAccess(db, this.#transaction);
    const tasks = new SqliteTasks(db, this.#counts);
    const plain = new SqlitePlain(db, this.#counts);
    this.#apply = new SqliteApply(tasks, plain, this.#counts, this.#transaction);
    this.#retire = new SqliteRetire(db, this.#counts, this.#transaction, now);
  }

  applyAll(calls: readonly (readonly TaskEvent[])[]): CallAnswer[] {
    return this.#apply.applyAll(calls);
  }

  counts(): Count[] {
    return this.#counts.all();
  }

  announce(actions: readonly ActionInfo[]): void {
    const upsert = this.#db.prepare(
      "insert into actions values (?, ?) on conflict do update set info = excluded.info",
    );
    this.#transaction.run(() => {
      for (const action of actions) upsert.run(action.name, JSON.stringify(action));
    });
  }

  setQueue({ queue, mode }: QueueState): void {
    this.#transaction.run(() => {
      if (mode === "open") this.#db.prepare("delete from queues where queue = ?").run(queue);
      else this.#db.prepare("insert or replace into queues values (?, ?)").run(queue, mode);
    });
  }

  retire(rule: RetentionRule): Retired {
    return this.#retire.retire(rule);
  }

  setAside(ids: readonly string[]): string[] {
    return this.#aside.setAside(ids);
  }

  catalogue(): ActionInfo[] {
    return this.#reads.catalogue();
  }

  queueStates(): QueueState[] {
    return this.#reads.queueStates();
  }

  nextDueAt(): number | null {
    return this.#reads.nextDueAt();
  }

  overdue(until: number, limit: number): Row[] {
    return this.#reads.overdue(until, limit);
  }

  running(limit: number): Row[] {
    return this.#reads.running(limit);
  }

  tokens(): TokenRecord[] {
    return this.#access.tokens();
  }

  keepTokens(tokens: readonly TokenRecord[]): void {
    this.#access.keepTokens(tokens);
  }

  record(entries: readonly AuditEntry[]): void {
    this.#access.record(entries);
  }

  audit(query: AuditQuery): AuditEntry[] {
    return this.#access.audit(query);
  }

  retireAccess(before: number): void {
    this.#access.retireAccess(before);
  }

  /** A commit like any other, so that its success says something. */
  probe(): void {
    this.#transaction.run(() => this.#db.exec("update probes set count = count + 1"));
  }

  close(): void {
    this.#db.close();
  }
}
