import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempDisposable, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { Store } from "../../src/store/store.ts";
import type { TaskSpec } from "../../src/task/task.ts";
import { newSpec, ride, simple, submit, T0 } from "./sample-events.ts";

const LARGE = JSON.stringify("x".repeat(20_000));
const KEEP_ALL = { now: T0, finishedBefore: 0, maxFinished: 1e9, maxBytes: 1e15 };

/** Writes, of one kind at a time, until the store refuses, and checks how it does. @returns what was accepted. */
async function fill(store: Store): Promise<TaskSpec[]> {
  const accepted: TaskSpec[] = [];
  for (let calls = 0; ; calls++) {
    const specs = Array.from({ length: 10 }, () => newSpec({ payload: LARGE }));
    try {
      await store.apply(specs.map((spec) => (calls % 2 ? submit(spec) : ride(spec))));
      accepted.push(...specs);
    } catch (error) {
      const { code, retryAfterMs } = error as { code: string; retryAfterMs: number };
      assert.deepEqual([code, retryAfterMs > 0], ["busy", true], String(error));
      assert.deepEqual(
        await store.get(specs.map(({ id }) => id)),
        specs.map(() => null),
      );
      return accepted;
    }
  }
}

async function checkAll(store: Store, specs: readonly TaskSpec[]): Promise<void> {
  const rows = await store.get(specs.map(({ id }) => id));
  assert.deepEqual(
    rows.map((row, i) => row?.payload === specs[i]!.payload),
    specs.map(() => true),
  );
  const counted = (await store.counts()).reduce((sum, { count }) => sum + count, 0);
  assert.equal(counted, specs.length);
}

for (const kind of ["in memory", "in a file"]) {
  test(`a full store ${kind} says busy, loses nothing, and goes on when there is room again`, async (t) => {
    const dir = await mkdtempDisposable(join(tmpdir(), "tanda-full-"));
    t.after(() => dir.remove());
    const path = kind === "in memory" ? ":memory:" : join(dir.path, "tanda.db");
    await using store = await openSqliteStore({ path, maxBytes: 2_000_000 });
    const specs = await fill(store);
    assert.ok(specs.length > 50, String(specs.length));
    await checkAll(store, specs);
    const small = newSpec();
    const results = await Promise.allSettled([
      store.apply(Array.from({ length: 20 }, () => submit(newSpec({ payload: LARGE })))),
      store.apply([simple("cancel", specs[1]!.id)]),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["rejected", "fulfilled"],
    );
    await store.retire({ ...KEEP_ALL, maxFinished: 5 });
    const [applied] = await store.apply([submit(small)]);
    assert.equal(applied!.verdict, "applied");
    assert.equal((await store.apply([ride(newSpec({ payload: LARGE }))]))[0]!.verdict, "applied");
  });
}

test("of a call of which a part is written and the rest is not it is not said that nothing was kept", async (t) => {
  const dir = await mkdtempDisposable(join(tmpdir(), "tanda-full-"));
  t.after(() => dir.remove());
  await using store = await openSqliteStore({ path: join(dir.path, "tanda.db"), maxBytes: 2_000_000 });
  const [small, large] = [newSpec(), newSpec({ payload: JSON.stringify("x".repeat(3_000_000)) })];
  const error = await store.apply([submit(small), ride(large)]).then(
    () => null,
    (error: { code: string; message: string }) => error,
  );
  assert.equal(error?.code, "unavailable");
  assert.match(error.message, /a part of it is written, the rest is not: .*full/i);
  const rows = await store.get([small.id, large.id]);
  assert.deepEqual(
    rows.map((row) => row?.state ?? null),
    ["queued", null],
  );
  await assert.rejects(store.apply([ride(large)]), { code: "busy" });
});

/** A file system of 8 MB, or the reason why there cannot be one. */
async function mountSmall(t: TestContext): Promise<{ dir: string } | { reason: string }> {
  const dir = await mkdtempDisposable(join(tmpdir(), "tanda-small-disk-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", dir.path], {
    encoding: "utf8",
  });
  t.after(() => {
    if (mounted.status === 0) spawnSync("umount", [dir.path]);
    return dir.remove();
  });
  if (mounted.status !== 0)
    return { reason: `cannot mount a small disk: ${mounted.stderr || mounted.error}` };
  return { dir: dir.path };
}

test("a disk that is full is busy; with space back, all that was accepted is there and work goes on", async (t) => {
  const small = await mountSmall(t);
  if ("reason" in small) return t.skip(small.reason);
  const ballast = join(small.dir, "ballast");
  await writeFile(ballast, Buffer.alloc(3_000_000));
  const path = join(small.dir, "tanda.db");
  let specs: TaskSpec[];
  {
    await using store = await openSqliteStore({ path });
    specs = await fill(store);
    assert.ok(specs.length > 20, String(specs.length));
    await checkAll(store, specs);
    await rm(ballast);
    const more = newSpec({ payload: LARGE });
    assert.equal((await store.apply([submit(more)]))[0]!.verdict, "applied");
    specs.push(more);
  }
  await using store = await openSqliteStore({ path });
  await checkAll(store, specs);
});

test("a store on a disk with no byte left opens again, is read, and says busy until there is room", async (t) => {
  const small = await mountSmall(t);
  if ("reason" in small) return t.skip(small.reason);
  const ballast = join(small.dir, "ballast");
  const path = join(small.dir, "tanda.db");
  await writeFile(ballast, Buffer.alloc(4_000_000));
  let specs: TaskSpec[];
  {
    await using store = await openSqliteStore({ path });
    specs = await fill(store);
  }
  const rest = join(small.dir, "rest");
  await assert.rejects(writeFile(rest, Buffer.alloc(8_000_000)), { code: "ENOSPC" });
  await using store = await openSqliteStore({ path });
  await checkAll(store, specs);
  // The log may have room in itself.
  specs.push(...(await fill(store)));
  await assert.rejects(openSqliteStore({ path }), { code: "conflict", message: /is in use by process/ });
  await rm(ballast);
  await rm(rest);
  const more = newSpec({ payload: LARGE });
  assert.equal((await store.apply([submit(more)]))[0]!.verdict, "applied");
  await checkAll(store, [...specs, more]);
});
