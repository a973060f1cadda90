/** All reads, over one connection; the same in the reader's thread and in memory. Tasks are answered as rows. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { ActionInfo } from "../task/task.ts";
import { toIdBytes, ID_BYTES } from "./sqlite-id.ts";
import { isUnreadable } from "./sqlite-errors.ts";
import { SqliteList, type RowPage } from "./sqlite-list.ts";
import { COLUMNS, type Row } from "./task-row.ts";
import { toRows } from "./sqlite-tasks.ts";
import type { ListQuery, QueueState } from "./store.ts";

const SELECT = `select ${COLUMNS.join(", ")} from tasks`;
const BEFORE_ALL = new Uint8Array(ID_BYTES);

export class SqliteReads {
  readonly #db: DatabaseSync;
  readonly #list: SqliteList;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#list = new SqliteList(db);
  }

  get(ids: readonly string[]): (Row | null)[] {
    const statement = this.#statement(`${SELECT} where id = ?`);
    return ids.map((id) => {
      const bytes = toIdBytes(id);
      return bytes === null ? null : oneAlone(id, () => statement.all(bytes));
    });
  }

  getByKey(keys: readonly string[]): (Row | null)[] {
    const statement = this.#statement(`${SELECT} where key = ?`);
    return keys.map((key) => oneOf(statement.all(key)));
  }

  list(query: ListQuery): RowPage {
    return this.#list.list(query);
  }

  // The conditions on `state` below repeat those of the partial indexes to the letter: that lets SQLite use them.

  backlog(queue: string, priority: number, after: string | null, limit: number): Row[] {
    const from = after === null ? BEFORE_ALL : (toIdBytes(after) ?? BEFORE_ALL);
    const sql = `${SELECT} where state = 1 and queue = ? and priority = ? and id > ? order by id limit ?`;
    return toRows(this.#statement(sql).all(queue, priority, from, limit));
  }

  due(until: number, limit: number): Row[] {
    const sql = `${SELECT} where state in (0, 3) and due_at <= ? order by due_at limit ?`;
    return toRows(this.#statement(sql).all(until, limit));
  }

  nextDueAt(): number | null {
    const sql =
      "select due_at from tasks where state in (0, 3) and due_at is not null and typeof(due_at) = 'integer' and abs(due_at) < 9007199254740992 order by due_at limit 1";
    const found = this.#statement(sql).get() as unknown as [number] | undefined;
    return found?.[0] ?? null;
  }

  overdue(until: number, limit: number): Row[] {
    const sql = `${SELECT} where expires_at is not null and state in (0, 1, 3) and expires_at <= ? order by expires_at limit ?`;
    return toRows(this.#statement(sql).all(until, limit));
  }

  running(limit: number): Row[] {
    const sql = `${SELECT} where state <> 4 and state = 2 order by id limit ?`;
    return toRows(this.#statement(sql).all(limit));
  }

  catalogue(): ActionInfo[] {
    const found = this.#statement("select info from actions order by name").all() as unknown as [string][];
    return found.map(([info]) => JSON.parse(info) as ActionInfo);
  }

  queueStates(): QueueState[] {
    const found = this.#statement("select queue, mode from queues order by queue").all() as unknown as [
      string,
      QueueState["mode"],
    ][];
    return found.map(([queue, mode]) => ({ queue, mode }));
  }

  referredBlobs(ids: readonly string[]): string[] {
    const statement = this.#statement("select 1 from blob_refs where blob = ? limit 1");
    return ids.filter((id) => statement.get(id) !== undefined);
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      statement.setReturnArrays(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** A row that cannot even be read is told as one of which nothing is known. */
function oneAlone(id: string, read: () => readonly unknown[]): Row | null {
  try {
    return oneOf(read());
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return COLUMNS.map((column) => (column === "id" ? id : column === "state" ? 0 : null));
  }
}

function oneOf(found: readonly unknown[]): Row | null {
  return toRows(found)[0] ?? null;
}
