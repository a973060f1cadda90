/**
 * Deletes finished tasks that are past the rule, oldest first, a little at a time: each call is one short transaction.
 * Finished tasks have no index of their own, so the table is walked from its oldest end; the walk goes on where the last
 * call stopped, and starts anew when it has seen all that can be old enough.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { isFinal, STATES } from "../task/state.ts";
import type { Transaction } from "./sqlite-apply.ts";
import type { SqliteCounts } from "./sqlite-counts.ts";
import { lowestIdAt, toIdText } from "./sqlite-id.ts";
import { pageBytes, readPragma } from "./sqlite-schema.ts";
import type { SqliteTasks } from "./sqlite-tasks.ts";
import type { Retired, RetentionRule } from "./store.ts";

const TIME_BOX_MS = 8;
const CHUNK = 250;
/** Rows may be large: look again after a few whether it is enough. */
const BYTES_CHUNK = 25;
/** A task's id is made within a day of the task, so past this nothing can have finished before the rule's instant. */
const ID_SKEW_MS = 2 * 86_400_000;
const BEFORE_ALL = new Uint8Array(0);
const ABOVE_ALL = new Uint8Array(17).fill(255);

type Found = [
  id: Uint8Array,
  queue: string,
  action: string,
  state: number,
  finishedAt: number | null,
  purgeAt: number | null,
];

export class SqliteRetire {
  readonly #db: DatabaseSync;
  readonly #tasks: SqliteTasks;
  readonly #counts: SqliteCounts;
  readonly #transaction: Transaction;
  readonly #now: () => number;
  readonly #purgeable: StatementSync;
  readonly #after: StatementSync;
  readonly #pageBytes: number;
  #ageAt: Uint8Array = BEFORE_ALL;
  #boundAt: Uint8Array = BEFORE_ALL;

  /** @param now milliseconds of a clock that only measures. */
  constructor(
    db: DatabaseSync,
    tasks: SqliteTasks,
    counts: SqliteCounts,
    transaction: Transaction,
    now: () => number,
  ) {
    this.#db = db;
    this.#tasks = tasks;
    this.#counts = counts;
    this.#transaction = transaction;
    this.#now = now;
    this.#pageBytes = pageBytes(db);
    const columns = "id, queue, action, state, finished_at, purge_at";
    this.#purgeable = db.prepare(
      `select ${columns} from tasks where purge_at is not null and purge_at <= ? order by purge_at limit ${CHUNK}`,
    );
    this.#after = db.prepare(
      `select ${columns} from tasks where id > ? and id < ? order by id limit ${CHUNK}`,
    );
    this.#purgeable.setReturnArrays(true);
    this.#after.setReturnArrays(true);
  }

  retire(rule: RetentionRule): Retired {
    const [ageAt, boundAt] = [this.#ageAt, this.#boundAt];
    try {
      const retired = this.#transaction.run(() => {
        const retired = this.#work(rule);
        this.#counts.write();
        return retired;
      });
      this.#counts.committed();
      return retired;
    } catch (error) {
      this.#counts.rolledBack();
      this.#ageAt = ageAt;
      this.#boundAt = boundAt;
      throw error;
    }
  }

  #work(rule: RetentionRule): Retired {
    const endsAt = this.#now() + TIME_BOX_MS;
    let deleted = 0;
    const steps = [() => this.#byOwnRule(rule), () => this.#byAge(rule), () => this.#byBounds(rule, deleted)];
    for (const step of steps) {
      for (;;) {
        const count = step();
        if (count === null) break;
        deleted += count;
        if (this.#now() >= endsAt) return { deleted, isMore: true };
      }
    }
    return { deleted, isMore: false };
  }

  // Each step does one chunk and says how many it deleted, null when there is nothing left for it to do.

  #byOwnRule(rule: RetentionRule): number | null {
    const found = this.#purgeable.all(rule.now) as unknown as Found[];
    return found.length === 0 ? null : this.#delete(found);
  }

  #byAge(rule: RetentionRule): number | null {
    const found = this.#after.all(
      this.#ageAt,
      lowestIdAt(rule.finishedBefore + ID_SKEW_MS),
    ) as unknown as Found[];
    if (found.length === 0) {
      this.#ageAt = BEFORE_ALL;
      return null;
    }
    this.#ageAt = found.at(-1)![0];
    const past = found.filter(
      ([, , , state, finishedAt, purgeAt]) =>
        isFinal(STATES[state]!) &&
        purgeAt === null &&
        finishedAt !== null &&
        finishedAt < rule.finishedBefore,
    );
    return this.#delete(past);
  }

  #byBounds(rule: RetentionRule, deletedSoFar: number): number | null {
    const finished = this.#counts.total(isFinal) - deletedSoFar;
    const excess = finished - Math.max(0, rule.maxFinished);
    const isOver = excess > 0 || (finished > 0 && this.#usedBytes() > rule.maxBytes);
    const found = isOver ? (this.#after.all(this.#boundAt, ABOVE_ALL) as unknown as Found[]) : [];
    if (found.length === 0) {
      const isWhole = this.#boundAt === BEFORE_ALL;
      this.#boundAt = BEFORE_ALL;
      return isOver && !isWhole ? 0 : null;
    }
    const final = found.filter(([, , , state]) => isFinal(STATES[state]!));
    const some = final.slice(0, excess > 0 ? excess : BYTES_CHUNK);
    this.#boundAt = (some.length < final.length ? some : found).at(-1)![0];
    return this.#delete(some);
  }

  #delete(found: readonly Found[]): number {
    for (const [id, queue, action, state] of found) {
      this.#tasks.delete(toIdText(id), queue, action, STATES[state]!);
    }
    return found.length;
  }

  /** Pages that were freed are used again before the file grows, so they do not count. */
  #usedBytes(): number {
    return (readPragma(this.#db, "page_count") - readPragma(this.#db, "freelist_count")) * this.#pageBytes;
  }
}
