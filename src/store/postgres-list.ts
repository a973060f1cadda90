/**
 * Lists, newest first by id. A call looks at a bounded number of rows, whatever the filter: where an index gives the rows it
 * is used, else the table is scanned from its newest end, and a page that finds too little is short and has a `next`.
 */
import { STATES } from "../task/state.ts";
import { ownedKey } from "../task/task.ts";
import { HIGHEST_ID, idRange, isId, LOWEST_ID, lowestIdAt } from "./postgres-id.ts";
import type { Connection } from "../postgres/pool.ts";
import { ALL, withoutSpoilt } from "./postgres-rows.ts";
import { ROW_BYTES } from "./postgres-counts.ts";
import type { ListedTask, ListQuery, Page } from "./store.ts";
import { LISTED, stateNumber, type Row } from "./task-row.ts";

/** Rows one call may look at. Most pages are full after the first window. */
const WINDOWS = [1000, 19_000];
const MAX_SCAN = 20_000;
/** A page of long errors is cut short, lest it fill the memory, and others wait while it is told. */
const MAX_BYTES = 1_048_576;
const LISTED_BYTES = `${ROW_BYTES} + coalesce(octet_length(error), 0)`;
/** A task's id is made within a day of the task: rows older than this before `since` need no look. */
const ID_SKEW_MS = 2 * 86_400_000;

/** Conditions of SQL with their values; `low` ≤ id ≤ `high`, or < where the end is open. */
type Search = {
  readonly where: readonly string[];
  readonly values: readonly unknown[];
  readonly low: string;
  readonly high: string;
  readonly isHighOpen: boolean;
  /** The rows it can find are few enough as they are. */
  readonly isBounded: boolean;
};

export async function listTasks(connection: Connection, query: ListQuery): Promise<Page> {
  const limit = Math.min(Math.max(1, Math.trunc(query.limit)), 1000);
  const pages: Page[] = [];
  for (const search of await searchesOf(connection, query)) pages.push(await page(connection, search, limit));
  return pages.length === 1 ? pages[0]! : merge(pages, limit);
}

async function searchesOf(connection: Connection, query: ListQuery): Promise<Search[]> {
  const filtered = toSearch(query);
  const { prefix } = query;
  if (prefix === undefined || prefix === "") return [filtered];
  const searches: Search[] = [];
  const range = idRange(prefix.toLowerCase());
  if (range !== null) {
    const isHigher = range.last < filtered.high;
    searches.push({
      ...filtered,
      low: range.first > filtered.low ? range.first : filtered.low,
      high: isHigher ? range.last : filtered.high,
      isHighOpen: isHigher ? false : filtered.isHighOpen,
    });
  }
  searches.push(await keySearch(connection, filtered, ownedKey(query.owner ?? null, prefix)));
  return searches;
}

/** Few keys begin so: take them all and sort. Many: scanning by id soon meets some. */
async function keySearch(connection: Connection, filtered: Search, prefix: string): Promise<Search> {
  const after = afterAll(prefix);
  const inRange = (first: number): string =>
    after === null ? `key >= $${first}` : `key >= $${first} and key < $${first + 1}`;
  const bounds = after === null ? [prefix] : [prefix, after];
  const { rows } = await connection.query<{ count: number }>(
    `select count(*) as count from (select 1 from keys where ${inRange(1)} limit ${MAX_SCAN + 1}) x`,
    bounds,
  );
  const isBounded = rows[0]!.count <= MAX_SCAN;
  const condition = inRange(filtered.values.length + 1);
  return {
    ...filtered,
    isBounded,
    where: [
      ...filtered.where,
      isBounded ? `id = any(array(select task from keys where ${condition}))` : condition,
    ],
    values: [...filtered.values, ...bounds],
  };
}

async function page(connection: Connection, search: Search, limit: number): Promise<Page> {
  const tasks: ListedTask[] = [];
  let { high, isHighOpen } = search;
  let bytesLeft = MAX_BYTES;
  for (const window of search.isBounded ? [0] : WINDOWS) {
    const edge = window === 0 ? null : await edgeOf(connection, { ...search, high, isHighOpen }, window);
    const found = await rowsOf(
      connection,
      { ...search, high, isHighOpen, low: edge ?? search.low },
      limit - tasks.length,
      bytesLeft,
    );
    tasks.push(...found.tasks);
    bytesLeft -= found.bytes;
    if (tasks.length > 0 && (tasks.length === limit || bytesLeft <= 0))
      return { tasks, next: tasks.at(-1)!.id };
    if (edge === null) return { tasks, next: null };
    high = edge;
    isHighOpen = true;
  }
  return { tasks, next: high };
}

/** Up to so many rows, cut after the one with which there are enough bytes. */
async function rowsOf(
  connection: Connection,
  search: Search,
  limit: number,
  maxBytes: number,
): Promise<{ tasks: ListedTask[]; bytes: number }> {
  const { conditions, values } = conditionsOf(search, search.where);
  const n = values.length;
  const { rows } = await connection.query<Row>({
    text: `select ${ALL}, total from (
        select *, sum(bytes) over (order by id desc)::bigint as total from (
          select ${LISTED}, ${LISTED_BYTES} as bytes from tasks where ${conditions} and state < ${STATES.length} order by id desc limit $${n + 1}
        ) x
      ) y where total - bytes < $${n + 2} order by id desc`,
    values: [...values, limit, maxBytes],
    rowMode: "array",
  });
  return { tasks: await withoutSpoilt(connection, rows), bytes: Number(rows.at(-1)?.at(-1) ?? 0) };
}

/** The id of the last row of a window, by the part of the search that an index answers; null when the end comes sooner. */
async function edgeOf(connection: Connection, search: Search, window: number): Promise<string | null> {
  const [first = ""] = search.where;
  const isIndexed = first.startsWith(BY_STATE) || first.startsWith(BY_OWNER);
  const indexed = isIndexed ? search.where.slice(0, 1) : [];
  const { conditions, values } = conditionsOf(search, indexed);
  const { rows } = await connection.query<{ id: string }>(
    `select id from tasks where ${conditions} order by id desc offset ${window - 1} limit 1`,
    values,
  );
  return rows[0]?.id ?? null;
}

function conditionsOf(search: Search, where: readonly string[]): { conditions: string; values: unknown[] } {
  // Conditions number their values from the first on: those of the ids come after all that are named.
  const named =
    where.length === search.where.length ? [...search.values] : search.values.slice(0, where.length);
  const n = named.length;
  const high = search.isHighOpen ? `id < $${n + 1}` : `id <= $${n + 1}`;
  return {
    conditions: [...where, high, `id >= $${n + 2}`].join(" and "),
    values: [...named, search.high, search.low],
  };
}

/** Says what the partial index `tasks_state` says, so that PostgreSQL may use it. */
const BY_STATE = "state <> 4 and state = ";
/** That of `tasks_owner`. */
const BY_OWNER = "owner = ";

function toSearch(query: ListQuery): Search {
  const where: string[] = [];
  const values: unknown[] = [];
  const add = (condition: string, value: unknown): void => {
    values.push(value);
    where.push(`${condition}$${values.length}`);
  };
  if (query.owner !== undefined) add(BY_OWNER, query.owner);
  if (query.state !== undefined) {
    const isIndexed = query.state !== "done" && query.owner === undefined;
    add(isIndexed ? BY_STATE : "state = ", stateNumber(query.state));
  }
  if (query.action !== undefined) add("action = ", query.action);
  if (query.queue !== undefined) add("queue = ", query.queue);
  let low = LOWEST_ID;
  if (query.since !== undefined) {
    add("created_at >= ", query.since);
    low = lowestIdAt(query.since - ID_SKEW_MS) ?? HIGHEST_ID;
  }
  const { cursor } = query;
  const high = cursor === undefined ? HIGHEST_ID : isId(cursor) ? cursor : LOWEST_ID;
  return { where, values, low, high, isHighOpen: cursor !== undefined, isBounded: where.length === 0 };
}

/** Of two lists that may each go on, only what lies above both their ends is known to be complete. */
function merge(pages: readonly Page[], limit: number): Page {
  const ends = pages.flatMap(({ next }) => (next === null ? [] : [next]));
  const end = ends.reduce((highest, next) => (next > highest ? next : highest), "");
  const byId = new Map<string, ListedTask>();
  for (const task of pages.flatMap(({ tasks }) => tasks)) if (task.id >= end) byId.set(task.id, task);
  const tasks = [...byId.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
  if (tasks.length > limit) return { tasks: tasks.slice(0, limit), next: tasks[limit - 1]!.id };
  return { tasks, next: end === "" ? null : end };
}

/** The first text after all that begin with this one, in the order of code points; null when there is none. */
function afterAll(prefix: string): string | null {
  const points = Array.from(prefix, (char) => char.codePointAt(0)!);
  while (points.length > 0) {
    const last = points.pop()!;
    if (last === 0x10_ffff) continue;
    // Surrogates are no characters of their own.
    const next = last === 0xd7ff ? 0xe000 : last + 1;
    return String.fromCodePoint(...points, next);
  }
  return null;
}
