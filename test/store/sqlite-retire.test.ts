/** How the SQLite store deletes: in chunks that fit its time box, and so that the file stays level. */
import assert from "node:assert/strict";
import { mkdtempDisposable, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openWritable } from "../../src/store/sqlite-schema.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { SqliteWrites } from "../../src/store/sqlite-writes.ts";
import type { RetentionRule } from "../../src/store/store.ts";
import { DAY_MS, newSpec, ride, T0 } from "./sample-events.ts";

const KEEP_ALL: RetentionRule = { now: T0, finishedBefore: 0, maxFinished: 1e9, maxBytes: 1e15 };

/** In memory, with a clock that goes on by so much each time it is read. */
function openTimed(t: TestContext, msALook: number): SqliteWrites {
  let now = 0;
  const writes = new SqliteWrites(openWritable({ path: ":memory:" }), () => (now += msALook));
  t.after(() => writes.close());
  return writes;
}

function finishMany(writes: SqliteWrites, count: number): void {
  writes.applyAll([Array.from({ length: count }, () => ride(newSpec()))]);
}

test("one look at what may be too old does for all bites that bring the number down", (t) => {
  const writes = openTimed(t, 1);
  finishMany(writes, 20_000);
  // Within the range of ids that is walked for age, and younger than the rule.
  const rule = { ...KEEP_ALL, finishedBefore: T0 - DAY_MS, maxFinished: 1000 };
  let [bites, deleted] = [0, 0];
  for (let isMore = true; isMore; bites++) {
    const retired = writes.retire(rule);
    ({ isMore } = retired);
    deleted += retired.deleted;
    assert.ok(bites < 60, `${deleted} are deleted after ${bites} bites`);
  }
  assert.equal(deleted, 19_000);
});

test("where chunks take long they get small, and where they are quick they grow", (t) => {
  const rule = { ...KEEP_ALL, maxFinished: 0 };
  const slow = openTimed(t, 5);
  finishMany(slow, 12_000);
  const sizes = Array.from({ length: 12 }, () => slow.retire(rule).deleted);
  assert.ok(sizes[0]! > sizes.at(-1)! && sizes.at(-1)! > 0 && sizes.at(-1)! <= 100, String(sizes));
  const quick = openTimed(t, 0.25);
  finishMany(quick, 12_000);
  assert.deepEqual(quick.retire(rule), { deleted: 12_000, isMore: false });
});

test("while as much goes as comes, the file stays as large as it is", async (t) => {
  await using dir = await mkdtempDisposable(join(tmpdir(), "tanda-retire-"));
  const path = join(dir.path, "tanda.db");
  await using store = await openSqliteStore({ path });
  const sizes: number[] = [];
  for (let round = 0; round < 30; round++) {
    await store.apply(Array.from({ length: 5000 }, () => ride(newSpec())));
    while ((await store.retire({ ...KEEP_ALL, maxFinished: 5000 })).isMore);
    sizes.push((await stat(path)).size);
    // The log is copied into the file, and begins anew when it is long.
    const { size } = await stat(`${path}-wal`);
    assert.ok(size < 32_000_000, String(size));
  }
  t.diagnostic(String(sizes));
  assert.ok(sizes[15]! > 0 && sizes.at(-1)! <= sizes[15]! * 1.1, String(sizes));
});
