/**
 * Deletes many final tasks at once: what goes is counted by queue, action and state, then deleted by one statement. Row by row
 * would cost four times as much, and it must keep up with tasks that are written several to a statement.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { isFinal, STATES } from "../task/state.ts";
import { stateNumber } from "./task-row.ts";
import type { SqliteCounts } from "./sqlite-counts.ts";

export type Id = Uint8Array;
/** `after` is exclusive, `to` is not. */
export type Range = { readonly after: Id; readonly to: Id };

const FINAL = `state in (${STATES.filter(isFinal).map(stateNumber).join(", ")})`;
const IN_RANGE = "id > ? and id <= ?";
const PAST = `${FINAL} and purge_at is null and finished_at < ?`;
const DUE = "purge_at is not null and purge_at <= ? order by purge_at, id limit ?";

type Counted = [queue: string, action: string, state: number, count: number];
type Removal = { readonly count: StatementSync; readonly refs: StatementSync; readonly rows: StatementSync };

export class SqliteRemoval {
  readonly #counts: SqliteCounts;
  readonly #anyRef: StatementSync;
  readonly #nth: StatementSync;
  readonly #nthFinal: StatementSync;
  readonly #final: Removal;
  readonly #past: Removal;
  readonly #due: Removal;

  constructor(db: DatabaseSync, counts: SqliteCounts) {
    this.#counts = counts;
    this.#anyRef = db.prepare("select 1 from blob_refs limit 1");
    this.#nth = arrays(db, `select id from tasks where ${IN_RANGE} order by id limit 1 offset ?`);
    this.#nthFinal = arrays(
      db,
      `select id from tasks where ${IN_RANGE} and ${FINAL} order by id limit 1 offset ?`,
    );
    this.#final = removal(db, `${IN_RANGE} and ${FINAL}`);
    this.#past = removal(db, `${IN_RANGE} and ${PAST}`);
    this.#due = removal(db, DUE);
  }

  /** The id of the n-th row of the range; null when it has fewer. */
  nth(range: Range, n: number): Id | null {
    return idOf(this.#nth.get(range.after, range.to, n - 1));
  }

  /** Of the final rows of the range. */
  nthFinal(range: Range, n: number): Id | null {
    return idOf(this.#nthFinal.get(range.after, range.to, n - 1));
  }

  // Each answers how many went. What is not final stays, wherever it is.

  final({ after, to }: Range): number {
    return this.#remove(this.#final, after, to);
  }

  /** Those that finished before the instant and have no rule of their own. */
  past({ after, to }: Range, finishedBefore: number): number {
    return this.#remove(this.#past, after, to, finishedBefore);
  }

  /** Those whose own rule has come due, soonest first. */
  due(now: number, limit: number): number {
    return this.#remove(this.#due, now, limit);
  }

  #remove({ count, refs, rows }: Removal, ...values: SQLInputValue[]): number {
    let sum = 0;
    for (const [queue, action, state, many] of count.all(...values) as unknown as Counted[]) {
      this.#counts.add(queue, action, STATES[state]!, -many);
      sum += many;
    }
    if (sum === 0) return 0;
    // Before the rows, by which they are found. Where no task refers to a blob they are not looked for.
    if (this.#anyRef.get() !== undefined) refs.run(...values);
    rows.run(...values);
    return sum;
  }
}

/** @param which what follows `where`; all three statements see the same rows. */
function removal(db: DatabaseSync, which: string): Removal {
  const ids = `select id from tasks where ${which}`;
  return {
    count: arrays(
      db,
      `select queue, action, state, count(*) from (select queue, action, state from tasks where ${which})
       group by queue, action, state`,
    ),
    refs: db.prepare(`delete from blob_refs where task in (${ids})`),
    rows: db.prepare(`delete from tasks where ${which.includes("limit") ? `id in (${ids})` : which}`),
  };
}

function arrays(db: DatabaseSync, sql: string): StatementSync {
  const statement = db.prepare(sql);
  statement.setReturnArrays(true);
  return statement;
}

function idOf(row: unknown): Id | null {
  return row === undefined ? null : (row as [Id])[0];
}
