/**
 * Deletes finished tasks that are past the rule, oldest first, a little at a time: each call is one short transaction.
 * Finished tasks have no index of their own, so the table is walked from its oldest end; the walk goes on where the last
 * call stopped, and starts anew when it has seen all that can be old enough.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { isFinal } from "../task/state.ts";
import type { Transaction } from "./sqlite-apply.ts";
import type { SqliteCounts } from "./sqlite-counts.ts";
import { lowestIdAt } from "./sqlite-id.ts";
import { SqliteRemoval, type Id, type Range } from "./sqlite-removal.ts";
import { pageBytes } from "./sqlite-schema.ts";
import type { Retired, RetentionRule } from "./store.ts";

/** The commit, with its checkpoint, comes on top. */
const TIME_BOX_MS = 5;
/** Rows may be large: look again after a few whether it is enough. */
const BYTES_CHUNK = 25;
/** What a statement goes through, so that each takes a small part of the time box, whatever the size of the rows. */
const CHUNK = { first: 250, least: 25, most: 2000, longMs: 2, shortMs: 1 };
/** A task's id is made within a day of the task, so past this nothing can have finished before the rule's instant. */
const ID_SKEW_MS = 2 * 86_400_000;
const BEFORE_ALL = new Uint8Array(0);
const ABOVE_ALL = new Uint8Array(17).fill(255);

/** Where the walks stand; taken back when a transaction fails. */
type Place = {
  readonly ageAt: Id;
  readonly boundAt: Id;
  /** All that is too old has gone since there last was nothing to do, so that its walk does not hold up the one after it. */
  readonly isAged: boolean;
};
/** What one chunk did. A whole one went through as many rows as a chunk may have. */
type Step = { readonly deleted: number; readonly isWhole: boolean; readonly isLast: boolean };

export class SqliteRetire {
  readonly #removal: SqliteRemoval;
  readonly #counts: SqliteCounts;
  readonly #transaction: Transaction;
  readonly #now: () => number;
  readonly #pages: StatementSync;
  readonly #freePages: StatementSync;
  readonly #pageBytes: number;
  #chunk = CHUNK.first;
  #place: Place = { ageAt: BEFORE_ALL, boundAt: BEFORE_ALL, isAged: false };

  /** @param now milliseconds of a clock that only measures. */
  constructor(db: DatabaseSync, counts: SqliteCounts, transaction: Transaction, now: () => number) {
    this.#removal = new SqliteRemoval(db, counts);
    this.#counts = counts;
    this.#transaction = transaction;
    this.#now = now;
    this.#pageBytes = pageBytes(db);
    this.#pages = db.prepare("pragma page_count");
    this.#freePages = db.prepare("pragma freelist_count");
    this.#pages.setReturnArrays(true);
    this.#freePages.setReturnArrays(true);
  }

  retire(rule: RetentionRule): Retired {
    const place = this.#place;
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
      this.#place = place;
      throw error;
    }
  }

  #work(rule: RetentionRule): Retired {
    const finished = this.#counts.total(isFinal);
    const startedAt = this.#now();
    let at = startedAt;
    let deleted = 0;
    const steps = [
      () => this.#byOwnRule(rule),
      () => this.#byAge(rule),
      () => this.#byBounds(rule, finished - deleted),
    ];
    for (const step of steps) {
      for (;;) {
        const done = step();
        deleted += done.deleted;
        const now = this.#now();
        this.#adapt(now - at, done.isWhole);
        at = now;
        if (done.isLast) break;
        if (now >= startedAt + TIME_BOX_MS) return { deleted, isMore: true };
      }
    }
    this.#place = { ...this.#place, isAged: false };
    return { deleted, isMore: false };
  }

  #adapt(tookMs: number, isWhole: boolean): void {
    if (tookMs > CHUNK.longMs) this.#chunk = Math.max(CHUNK.least, this.#chunk >> 1);
    else if (tookMs < CHUNK.shortMs && isWhole) this.#chunk = Math.min(CHUNK.most, this.#chunk * 2);
  }

  // Each does one chunk.

  #byOwnRule(rule: RetentionRule): Step {
    const limit = this.#chunk;
    const deleted = this.#removal.due(rule.now, limit);
    return { deleted, isWhole: deleted === limit, isLast: deleted < limit };
  }

  #byAge({ finishedBefore }: RetentionRule): Step {
    if (this.#place.isAged) return NOTHING;
    const all = { after: this.#place.ageAt, to: lowestIdAt(finishedBefore + ID_SKEW_MS) };
    const end = this.#removal.nth(all, this.#chunk);
    const deleted = this.#removal.past({ ...all, to: end ?? all.to }, finishedBefore);
    this.#place = { ...this.#place, ageAt: end ?? BEFORE_ALL, isAged: end === null };
    return { deleted, isWhole: end !== null, isLast: end === null };
  }

  #byBounds(rule: RetentionRule, finished: number): Step {
    const excess = finished - Math.max(0, rule.maxFinished);
    const after = this.#place.boundAt;
    if (excess <= 0 && (finished <= 0 || this.#usedBytes() <= rule.maxBytes)) {
      this.#place = { ...this.#place, boundAt: BEFORE_ALL };
      return NOTHING;
    }
    const isByCount = excess > 0;
    const end = this.#removal.nth(
      { after, to: ABOVE_ALL },
      isByCount ? this.#chunk : Math.min(this.#chunk, CHUNK.first),
    );
    const all: Range = { after, to: end ?? ABOVE_ALL };
    const cut = this.#removal.nthFinal(all, isByCount ? excess : BYTES_CHUNK);
    const deleted = this.#removal.final({ after, to: cut ?? all.to });
    this.#place = { ...this.#place, boundAt: cut ?? end ?? BEFORE_ALL };
    const isEnd = cut === null && end === null;
    // What became final behind the walk is found by the next; one through all that found nothing was the last.
    const isLast = isEnd && deleted === 0 && after === BEFORE_ALL;
    return { deleted, isWhole: cut === null && end !== null, isLast };
  }

  /** Pages that were freed are used again before the file grows, so they do not count. */
  #usedBytes(): number {
    return (pagesOf(this.#pages) - pagesOf(this.#freePages)) * this.#pageBytes;
  }
}
const NOTHING: Step = { deleted: 0, isWhole: false, isLast: true };

function pagesOf(statement: StatementSync): number {
  return (statement.get() as unknown as [number])[0];
}
