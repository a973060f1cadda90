/** How a file of an older schema becomes one of today's. There is one step so far; later ones are played by steps of the test's own. */
import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { migrate, MIGRATIONS, readPragma } from "../../src/store/sqlite-schema.ts";
import { newSpec, submit } from "./sample-events.ts";

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
