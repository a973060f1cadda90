/** How a file of an older schema becomes one of today's. Later steps are played by steps of the test's own. */
import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { migrate, MIGRATIONS, readPragma } from "../../src/store/sqlite-schema.ts";
import { COLUMNS } from "../../src/store/task-row.ts";
import { claim, FAILED, finish, newSpec, PATIENT, ride, simple, submit, T0 } from "./sample-events.ts";

const LATER = [
  "alter table tasks add column colour text not null default 'none'",
  "update tasks set colour = 'blue'; create index tasks_by_colour on tasks (colour)",
];

/** A file that today's program wrote, with one task in it. */
async function olderFile(t: TestContext): Promise<DatabaseSync> {
  const dir = await mkdtempDisposable(join(tmpdir(), "tanda-store-"));
  const path = join(dir.path, "tanda.db");
  const store = await openSqliteStore({ path });
  await store.apply([submit(newSpec())]);
  await store.close();
  const db = new DatabaseSync(path);
  t.after(async () => {
    db.close();
    await dir.remove();
  });
  return db;
}

/** How many steps a file had seen whose tasks had no rowid. */
const WITHOUT_ROWID = 2;

/** The same tasks in a file as it was then. */
function asBefore(db: DatabaseSync, path: string): void {
  const before = new DatabaseSync(path);
  migrate(before, MIGRATIONS.slice(0, WITHOUT_ROWID));
  before.close();
  const columns = [...COLUMNS, "purge_at"].join(", ");
  db.exec(`attach '${path}' as before`);
  db.exec(`insert into before.tasks (${columns}) select ${columns} from main.tasks order by random()`);
  for (const table of ["counts", "blob_refs", "queues"])
    db.exec(`insert into before.${table} select * from main.${table}`);
  db.exec("detach before");
}

test("a file from before tasks had a rowid keeps all of each task, and all that is known of them", async (t) => {
  const dir = await mkdtempDisposable(join(tmpdir(), "tanda-store-"));
  t.after(() => dir.remove());
  const [now, then] = [join(dir.path, "now.db"), join(dir.path, "then.db")];
  const store = await openSqliteStore({ path: now });
  t.after(() => store.close());
  const specs = [
    newSpec({ key: "one", owner: "shop", payload: JSON.stringify("p".repeat(50_000)) }),
    newSpec({ queue: "mail", policy: PATIENT, expiresAt: T0 + 60_000 }),
    newSpec({ dueAt: T0 + 90_000 }),
    newSpec({ payloadBlob: "b".repeat(64), payload: "null" }),
    newSpec(),
    newSpec({ policy: { ...PATIENT, retentionMs: 1000 } }),
  ];
  const [big, failing, , , cancelled, riding] = specs;
  await store.apply([...specs.slice(0, -1).map((spec) => submit(spec)), ride(riding!)]);
  await store.apply([claim(big!.id, 1), finish(failing!.id, 1, FAILED), simple("cancel", cancelled!.id)]);
  const ids = specs.map(({ id }) => id);
  const tasks = await store.get(ids);
  const counts = await store.counts();
  assert.ok(tasks.every((task) => task !== null) && tasks[1]!.history.length === 1);
  await store.close();
  const db = new DatabaseSync(now);
  asBefore(db, then);
  db.close();

  const upgraded = await openSqliteStore({ path: then });
  t.after(() => upgraded.close());
  assert.deepEqual(await upgraded.get(ids), tasks);
  assert.deepEqual(await upgraded.getByKey(["one"]), await upgraded.get([big!.id]));
  assert.deepEqual(await upgraded.counts(), counts);
  assert.deepEqual((await upgraded.due(T0 + 100_000, 10)).length, 2);
  await upgraded.apply([finish(big!.id, 1), submit(newSpec({ id: specs[2]!.id, dueAt: T0 + 90_000 }))]);
  assert.equal((await upgraded.get([big!.id]))[0]!.state, "done");
  await upgraded.close();
  const again = new DatabaseSync(then);
  assert.equal(readPragma(again, "user_version"), MIGRATIONS.length);
  assert.deepEqual({ ...again.prepare("pragma integrity_check").get() }, { integrity_check: "ok" });
  const table = String(again.prepare("select sql from sqlite_schema where name = 'tasks'").get()!.sql);
  assert.doesNotMatch(table, /without rowid/i);
  again.close();
});

const colours = (db: DatabaseSync): unknown[] =>
  db
    .prepare("select colour from tasks")
    .all()
    .map(({ colour }) => colour);

test("an older file gets the steps it has not seen, in order, each once, and keeps its tasks", async (t) => {
  const db = await olderFile(t);
  const before = readPragma(db, "user_version");
  assert.equal(before, MIGRATIONS.length);
  migrate(db, [...MIGRATIONS, LATER[0]!]);
  assert.deepEqual(colours(db), ["none"]);
  migrate(db, [...MIGRATIONS, ...LATER]);
  migrate(db, [...MIGRATIONS, ...LATER]);
  assert.deepEqual(colours(db), ["blue"]);
  assert.equal(readPragma(db, "user_version"), before + 2);
});

test("a step that fails changes nothing of the file, and is tried again at the next start", async (t) => {
  const db = await olderFile(t);
  const broken = `${LATER[1]!}; this is no SQL`;
  assert.throws(() => migrate(db, [...MIGRATIONS, LATER[0]!, broken]), /syntax error/);
  assert.equal(readPragma(db, "user_version"), MIGRATIONS.length + 1);
  assert.deepEqual(colours(db), ["none"]);
  migrate(db, [...MIGRATIONS, ...LATER]);
  assert.deepEqual(colours(db), ["blue"]);
});
