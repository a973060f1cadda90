/**
 * Lists, newest first by id. A call looks at a bounded number of rows, whatever the filter: where an index gives the rows it
 * is used, else the table is scanned from its newest end, and a page that finds too little is short and has a `next`.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { STATES } from "../task/state.ts";
import { ownedKey } from "../task/task.ts";
import type { ListQuery } from "./store.ts";
import { idRange, lowestIdAt, toIdBytes, toIdText } from "./sqlite-id.ts";
import { LISTED, stateNumber, type Row } from "./task-row.ts";
import { toRows } from "./sqlite-tasks.ts";

export type RowPage = { rows: Row[]; next: string | null };

/** Rows one call may look at. Most pages are full after the first window. */
const WINDOWS = [1000, 19_000];
const MAX_SCAN = 20_000;
/** A page of long errors is cut short, lest it fill the memory, and others wait while it is told. */
const MAX_CHARACTERS = 1_048_576;
/** A task's id is made within a day of the task: rows older than this before `since` need no look. */
const ID_SKEW_MS = 2 * 86_400_000;
const BELOW_ALL = new Uint8Array(0);
const ABOVE_ALL = new Uint8Array(17).fill(255);
/** The text of `cast(? as text)` with this at its end sorts after all that begins the same: no UTF-8 has the byte. */
const LAST_BYTE = 255;

/** Conditions of SQL with their values, and the part of the ids they are asked of: after `low`, before `high`. */
type Search = { from: string; where: string[]; values: SQLInputValue[]; low: Uint8Array; high: Uint8Array };

export class SqliteList {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  list(query: ListQuery): RowPage {
    const limit = Math.min(Math.max(1, Math.trunc(query.limit)), 1000);
    const searches = this.#searches(query);
    const pages = searches.map((search) => this.#page(search, limit));
    if (pages.length === 1) return pages[0]!;
    return merge(pages, limit);
  }

  #searches(query: ListQuery): Search[] {
    const filtered = toSearch(query);
    if (query.prefix === undefined || query.prefix === "") return [filtered];
    const searches: Search[] = [];
    const range = idRange(query.prefix.toLowerCase());
    if (range) {
      searches.push({
        ...filtered,
        low: highest(filtered.low, justBelow(range.first)),
        high: lowest(filtered.high, justAbove(range.last)),
      });
    }
    searches.push(this.#keySearch(filtered, ownedKey(query.owner ?? null, query.prefix)));
    return searches;
  }

  /** Few keys begin so: take them all and sort. Many: scanning by id soon meets some. */
  #keySearch(filtered: Search, prefix: string): Search {
    const bounds = [prefix, Uint8Array.of(...Buffer.from(prefix), LAST_BYTE)];
    const [count] = this.#statement(
      `select count(*) from (select 1 from tasks where key >= ? and key < cast(? as text) limit ${MAX_SCAN + 1})`,
    ).get(...bounds) as unknown as [number];
    return {
      ...filtered,
      from: count > MAX_SCAN ? "tasks" : "tasks indexed by tasks_key",
      where: ["key >= ?", "key < cast(? as text)", ...filtered.where],
      values: [...bounds, ...filtered.values],
    };
  }

  #page(search: Search, limit: number): RowPage {
    const { from, where, values, low } = search;
    let { high } = search;
    const rows: Row[] = [];
    let characters = 0;
    const isBounded = from.includes("tasks_key") || where.length === 0;
    for (const window of isBounded ? [0] : WINDOWS) {
      const edge = window === 0 ? null : this.#edge(search, high, window);
      const conditions = ["id < ?", edge === null ? "id > ?" : "id >= ?", ...where].join(" and ");
      const select = `select ${LISTED} from ${from} where ${conditions} and state between 0 and ${STATES.length - 1} order by id desc limit ?`;
      const found = this.#statement(select).iterate(high, edge ?? low, ...values, limit - rows.length);
      for (const one of found) {
        const [row] = toRows([one]);
        rows.push(row!);
        characters += sizeOf(row!);
        if (rows.length === limit || characters >= MAX_CHARACTERS) return { rows, next: row![0] as string };
      }
      if (edge === null) return { rows, next: null };
      high = edge;
    }
    return { rows, next: toIdText(high) };
  }

  /** The id of the last row of a window, by the part of the search that an index answers; null when the end comes sooner. */
  #edge({ from, where, values, low }: Search, high: Uint8Array, window: number): Uint8Array | null {
    const isIndexed = where[0] === BY_STATE || where[0] === BY_OWNER;
    const select = `select id from ${from} where ${isIndexed ? `${where[0]} and ` : ""}id < ? and id > ? order by id desc limit 1 offset ?`;
    const found = this.#statement(select).get(
      ...(isIndexed ? [values[0]!] : []),
      high,
      low,
      window - 1,
    ) as unknown as [Uint8Array] | undefined;
    return found?.[0] ?? null;
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

/** Says what the partial index `tasks_state` says, so that SQLite may use it. */
const BY_STATE = "state <> 4 and state = ?";
/** That of `tasks_owner`. */
const BY_OWNER = "owner = ?";

function toSearch(query: ListQuery): Search {
  const search: Search = { from: "tasks", where: [], values: [], low: BELOW_ALL, high: ABOVE_ALL };
  const add = (condition: string, value: SQLInputValue): void => {
    search.where.push(condition);
    search.values.push(value);
  };
  if (query.owner !== undefined) add(BY_OWNER, query.owner);
  if (query.state !== undefined) {
    const isIndexed = query.state !== "done" && query.owner === undefined;
    add(isIndexed ? BY_STATE : "state = ?", stateNumber(query.state));
  }
  if (query.action !== undefined) add("action = ?", query.action);
  if (query.queue !== undefined) add("queue = ?", query.queue);
  if (query.since !== undefined) {
    add("created_at >= ?", query.since);
    search.low = lowestIdAt(query.since - ID_SKEW_MS);
  }
  if (query.cursor !== undefined) search.high = toIdBytes(query.cursor) ?? BELOW_ALL;
  return search;
}

/** Of two lists that may each go on, only what lies above both their ends is known to be complete. */
function merge(pages: readonly RowPage[], limit: number): RowPage {
  const ends = pages.flatMap(({ next }) => (next === null ? [] : [next]));
  const end = ends.reduce((highest, next) => (next > highest ? next : highest), "");
  const byId = new Map<string, Row>();
  for (const row of pages.flatMap(({ rows }) => rows)) {
    if ((row[0] as string) >= end) byId.set(row[0] as string, row);
  }
  const rows = [...byId.values()].sort((a, b) => (a[0]! < b[0]! ? 1 : -1));
  if (rows.length > limit) return { rows: rows.slice(0, limit), next: rows[limit - 1]![0] as string };
  return { rows, next: end === "" ? null : end };
}

function sizeOf(row: Row): number {
  return row.reduce<number>((sum, value) => sum + (typeof value === "string" ? value.length : 0), 0);
}

function highest(a: Uint8Array, b: Uint8Array): Uint8Array {
  return Buffer.compare(a, b) > 0 ? a : b;
}

function lowest(a: Uint8Array, b: Uint8Array): Uint8Array {
  return Buffer.compare(a, b) < 0 ? a : b;
}

function justBelow(id: Uint8Array): Uint8Array {
  const below = Uint8Array.from(id);
  for (let i = below.length - 1; i >= 0; i--) {
    if (below[i]!-- > 0) return below;
  }
  return BELOW_ALL;
}

function justAbove(id: Uint8Array): Uint8Array {
  return Uint8Array.of(...id, 0);
}
