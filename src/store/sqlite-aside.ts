/** Sets damaged rows aside: spoilt-row.ts says what that is. */
import type { DatabaseSync } from "node:sqlite";
import { STATES } from "../task/state.ts";
import type { Transaction } from "./sqlite-apply.ts";
import type { SqliteCounts } from "./sqlite-counts.ts";
import { toIdBytes, toIdText } from "./sqlite-id.ts";
import { ASIDE } from "./spoilt-row.ts";

const LARGEST = Number.MAX_SAFE_INTEGER;
/** Of a row whose state is none, that is its mark. */
const NO_STATE = 99;
const WHOLE = ["priority", "created_at", "attempt", "failures", "losses"];
const WHOLE_OR_NULL = ["due_at", "expires_at", "started_at", "finished_at"];
const isNoWhole = (column: string): string =>
  `typeof(${column}) <> 'integer' or ${column} > ${LARGEST} or ${column} < -${LARGEST}`;
/** What cannot even be read, or named: numbers beyond JavaScript's, ids that are none. Looked for in the whole table. */
const UNREADABLE = [
  "typeof(id) <> 'blob' or length(id) <> 16",
  "typeof(state) <> 'integer' or state < 0",
  ...WHOLE.map(isNoWhole),
  ...WHOLE_OR_NULL.map((column) => `${column} is not null and (${isNoWhole(column)})`),
].join(" or ");
const SET = `update tasks set state = ${ASIDE} + case when typeof(state) = 'integer' and state between 0 and 7 then state else ${NO_STATE} end
  where (typeof(state) <> 'integer' or state < 8) and`;
const TOLD =
  "returning case when typeof(id) = 'blob' then id else cast(id as blob) end as id, queue, action, state";

type Told = { id: Uint8Array; queue: unknown; action: unknown; state: number };

export class SqliteAside {
  readonly #db: DatabaseSync;
  readonly #counts: SqliteCounts;
  readonly #transaction: Transaction;

  constructor(db: DatabaseSync, counts: SqliteCounts, transaction: Transaction) {
    this.#db = db;
    this.#counts = counts;
    this.#transaction = transaction;
  }

  /** @returns those of these ids, and those that cannot even be read, that were not set aside before. */
  setAside(ids: readonly string[]): string[] {
    const set: Told[] = [];
    try {
      this.#transaction.run(() => {
        const one = this.#db.prepare(`${SET} id = ? ${TOLD}`);
        for (const id of ids.flatMap((id) => toIdBytes(id) ?? [])) set.push(...(one.all(id) as Told[]));
        set.push(...(this.#db.prepare(`${SET} (${UNREADABLE}) ${TOLD}`).all() as Told[]));
        for (const { queue, action, state } of set) {
          const before = STATES[state - ASIDE];
          if (before === undefined || typeof queue !== "string" || typeof action !== "string") continue;
          if (this.#counts.has(queue, action, before)) this.#counts.add(queue, action, before, -1);
        }
        this.#counts.write();
      });
      this.#counts.committed();
    } catch (error) {
      this.#counts.rolledBack();
      throw error;
    }
    return set.map(({ id }) => toIdText(id));
  }
}
