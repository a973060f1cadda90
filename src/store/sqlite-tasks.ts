/** Reads and writes single rows of `tasks`, and what goes with them: counts and blob references. */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { STATES, type State } from "../task/state.ts";
import type { Task } from "../task/task.ts";
import { blobsIn, blobsOf } from "./blob-refs.ts";
import type { SqliteCounts } from "./sqlite-counts.ts";
import { ID_BYTES, toIdText, writeId } from "./sqlite-id.ts";
import { COLUMNS, purgeAt, toRow, type Row } from "./task-row.ts";

const STATE = COLUMNS.indexOf("state");
const ALL = COLUMNS.join(", ");

export class SqliteTasks {
  readonly #db: DatabaseSync;
  readonly #counts: SqliteCounts;
  readonly #id = new Uint8Array(ID_BYTES);
  readonly #insert: StatementSync;
  readonly #selectAll: StatementSync;
  readonly #selectByKey: StatementSync;
  readonly #delete: StatementSync;
  readonly #insertRef: StatementSync;
  readonly #deleteRefs: StatementSync;
  /** By the names of the columns that change. */
  readonly #updates = new Map<string, StatementSync>();

  constructor(db: DatabaseSync, counts: SqliteCounts) {
    this.#db = db;
    this.#counts = counts;
    const marks = COLUMNS.map(() => "?").join(", ");
    this.#insert = db.prepare(
      `insert into tasks (${ALL}, purge_at) values (${marks}, ?) on conflict do nothing`,
    );
    this.#selectAll = rows(db.prepare(`select ${ALL} from tasks where id = ?`));
    this.#selectByKey = rows(db.prepare(`select ${ALL} from tasks where key = ?`));
    this.#delete = db.prepare("delete from tasks where id = ?");
    this.#insertRef = db.prepare("insert into blob_refs values (?, ?) on conflict do nothing");
    this.#deleteRefs = db.prepare("delete from blob_refs where task = ?");
  }

  byId(id: string): Row | null {
    return first(this.#selectAll.get(writeId(id, this.#id)));
  }

  byKey(key: string): Row | null {
    return first(this.#selectByKey.get(key));
  }

  /** @returns false, having written nothing, when the id or the key is taken. */
  insert(task: Task): boolean {
    const values: SQLInputValue[] = toRow(task);
    values[0] = writeId(task.id, this.#id);
    values.push(purgeAt(task.state, task.finishedAt, task.policy));
    if (Number(this.#insert.run(...values).changes) === 0) return false;
    this.#counts.add(task.queue, task.action, task.state, 1);
    this.#refer(blobsOf(task));
    return true;
  }

  /** Writes the columns in which the two differ. */
  update(before: Row, after: Task): void {
    const row = toRow(after);
    let names = "";
    const values: SQLInputValue[] = [];
    for (let i = 1; i < row.length; i++) {
      if (row[i] === before[i]) continue;
      names += `${COLUMNS[i]} = ?, `;
      values.push(row[i]!);
    }
    if (names === "") return;
    if (row[STATE] !== before[STATE]) {
      names += "purge_at = ?, ";
      values.push(purgeAt(after.state, after.finishedAt, after.policy));
      this.#counts.add(after.queue, after.action, STATES[before[STATE] as number]!, -1);
      this.#counts.add(after.queue, after.action, after.state, 1);
    }
    let statement = this.#updates.get(names);
    if (!statement) {
      statement = this.#db.prepare(`update tasks set ${names.slice(0, -2)} where id = ?`);
      this.#updates.set(names, statement);
    }
    statement.run(...values, writeId(after.id, this.#id));
    const blobs = blobsIn(after.result);
    if (after.resultBlob) blobs.push(after.resultBlob.id);
    this.#refer(blobs);
  }

  delete(id: string, queue: string, action: string, state: State): void {
    this.#delete.run(writeId(id, this.#id));
    this.#deleteRefs.run(this.#id);
    this.#counts.add(queue, action, state, -1);
  }

  /** Of the task whose id was written last. */
  #refer(blobs: readonly string[]): void {
    for (const blob of blobs) this.#insertRef.run(this.#id, blob);
  }
}

function rows(statement: StatementSync): StatementSync {
  statement.setReturnArrays(true);
  return statement;
}

/** What a statement that answers arrays of {@link COLUMNS} gave. */
export function toRows(found: readonly unknown[]): Row[] {
  for (const row of found as unknown[][]) row[0] = idOf(row[0]);
  return found as Row[];
}

/** Empty for what is none. */
function idOf(id: unknown): string {
  return id instanceof Uint8Array && id.length === ID_BYTES ? toIdText(id) : "";
}

function first(found: unknown): Row | null {
  if (found === undefined) return null;
  const row = found as unknown[];
  row[0] = idOf(row[0]);
  return row as Row;
}
