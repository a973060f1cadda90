/** With a million tasks every read looks at a bounded number of rows: shown by query plans and by where pages end. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { toIdText } from "../../src/store/sqlite-id.ts";
import { SqliteList } from "../../src/store/sqlite-list.ts";
import { SqliteReads } from "../../src/store/sqlite-reads.ts";
import { openWritable } from "../../src/store/sqlite-schema.ts";
import { STATES } from "../../src/task/state.ts";
import { T0 } from "./sample-events.ts";

const TASKS = 1_000_000;
const SCAN = 20_000;

/** Task n of the million: its id is made at T0 + n, and so it is the n-th oldest. */
function idOf(n: number): string {
  return `${(T0 + n)
    .toString(16)
    .padStart(12, "0")
    .replace(/^(.{8})(.{4})$/, "$1-$2")}-7000-8000-000000000000`;
}

const db = openWritable({ path: ":memory:" });
// Mostly done; each 10,000th is failed, with a key; the 100 oldest are queued, of which 50 with an action of their own.
db.exec(`
  with recursive numbers (n) as (select 0 union all select n + 1 from numbers where n < ${TASKS - 1})
  insert into tasks (id, action, queue, priority, payload, key, created_at, state, attempt, due_at, expires_at)
  select unhex(printf('%012x', ${T0} + n) || '70008000000000000000'),
         case when n < 50 then 'rare' else 'upper' end, 'default', 1, '1',
         case when n % 10000 = 0 then 'failed-' || n when n % 10 = 0 then 'many-' || n end,
         ${T0} + n, case when n < 100 then 1 when n % 10000 = 0 then 5 else 4 end, 1, null, null
  from numbers`);
const list = new SqliteList(db);

test("the sample is what it is meant to be", () => {
  const ends = db.prepare("select min(id) as first, max(id) as last from tasks").get() as Record<
    string,
    Uint8Array
  >;
  assert.deepEqual([toIdText(ends.first!), toIdText(ends.last!)], [idOf(0), idOf(TASKS - 1)]);
});

describe("a list over a million tasks", () => {
  test("gives a full page at once when all match", () => {
    const { rows, next } = list.list({ limit: 100 });
    assert.deepEqual([rows.length, rows[0]![0], next], [100, idOf(TASKS - 1), idOf(TASKS - 100)]);
  });

  test("looks at no more than its share of rows for what no index finds, and says where to go on", () => {
    for (const filter of [
      { action: "rare" },
      { queue: "none" },
      { state: "done", action: "rare" },
    ] as const) {
      const first = list.list({ ...filter, limit: 100 });
      assert.deepEqual([first.rows, first.next], [[], idOf(TASKS - SCAN)]);
      const second = list.list({ ...filter, limit: 100, cursor: first.next! });
      assert.deepEqual([second.rows, second.next], [[], idOf(TASKS - 2 * SCAN)]);
    }
    let pages = 1;
    let page = list.list({ action: "rare", limit: 100 });
    const found = [...page.rows];
    for (; page.next !== null; pages++) {
      page = list.list({ action: "rare", limit: 100, cursor: page.next });
      found.push(...page.rows);
    }
    // The last may be empty: where a page ends just with the table, nobody has looked beyond.
    assert.deepEqual([found.length, pages], [50, TASKS / SCAN + 1]);
  });

  test("finds the few unfinished and the few failed in one call, however old", () => {
    const queued = list.list({ state: "queued", limit: 1000 });
    assert.deepEqual([queued.rows.length, queued.next], [100, null]);
    const rare = list.list({ state: "queued", action: "rare", limit: 1000 });
    assert.deepEqual([rare.rows.length, rare.next], [50, null]);
    const failed = list.list({ state: "failed", limit: 1000 });
    assert.deepEqual([failed.rows.length, failed.next], [TASKS / 10_000 - 1, null]);
  });

  test("finds a prefix of an id in one call, however old", () => {
    for (const n of [0, 5000, TASKS - 1]) {
      const { rows, next } = list.list({ prefix: idOf(n).slice(0, 20), limit: 10 });
      assert.deepEqual([rows.map(([id]) => id), next], [[idOf(n)], null]);
    }
  });

  test("finds a prefix that few keys have in one call, however old; one that many have page by page", () => {
    const few = list.list({ prefix: "failed-", limit: 1000 });
    assert.deepEqual([few.rows.length, few.next], [TASKS / 10_000, null]);
    const pair = list.list({ prefix: "many-10010", limit: 10 });
    assert.deepEqual([pair.rows.map((row) => row[6]), pair.next], [["many-100100", "many-10010"], null]);
    const many = list.list({ prefix: "many-", limit: 1000 });
    assert.equal(many.rows.length, 1000);
    assert.equal(many.rows[0]![6], `many-${TASKS - 10}`);
    const none = list.list({ prefix: "many-", state: "done", action: "rare", limit: 10 });
    assert.deepEqual([none.rows, none.next], [[], idOf(TASKS - SCAN)]);
  });

  test("by time ends where nothing older can match", () => {
    const since = T0 + 2 * 86_400_000 + TASKS - 3000;
    const { rows, next } = list.list({ since, limit: 10 });
    assert.deepEqual([rows, next], [[], null]);
  });
});

test("every other read is answered from an index", (t) => {
  const plans: string[] = [];
  const spied = {
    prepare(sql: string) {
      const explained = db.prepare(`explain query plan ${sql}`);
      const marks = sql.split("?").length - 1;
      plans.push(
        ...explained.all(...Array.from({ length: marks }, () => 1)).map(({ detail }) => String(detail)),
      );
      return db.prepare(sql);
    },
  };
  const reads = new SqliteReads(spied as never);
  reads.get([idOf(1)]);
  reads.getByKey(["k"]);
  reads.backlog("default", 1, null, 10);
  reads.due(T0, 10);
  reads.nextDueAt();
  reads.overdue(T0, 10);
  reads.running(10);
  reads.referredBlobs(["a"]);
  for (const state of STATES) reads.list({ state, limit: 10 });
  t.diagnostic(plans.join("\n"));
  const expected = [
    "sqlite_autoindex_tasks_1",
    "tasks_key",
    "tasks_backlog",
    "tasks_due",
    "tasks_due",
    "tasks_expires",
    "tasks_state",
    "blob_refs_blob",
  ];
  for (const [i, name] of expected.entries()) assert.ok(plans[i]!.includes(name), `${name}: ${plans[i]}`);
  for (const plan of plans) {
    assert.ok(plan.startsWith("SEARCH"), plan);
    assert.ok(!plan.includes("TEMP B-TREE"), plan);
  }
  const byState = plans.slice(expected.length).filter((plan) => plan.includes("tasks_state"));
  assert.ok(byState.length >= 1, plans.join("\n"));
});
