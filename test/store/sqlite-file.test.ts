/** What holds of a store because it is a file: one holder, a schema with a version, threads. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { DEFAULT_POLICY } from "../../src/task/task.ts";
import { newSpec, ride, submit } from "./sample-events.ts";

async function temporaryFile(t: TestContext): Promise<string> {
  const dir = await mkdtempDisposable(join(tmpdir(), "tanda-store-"));
  t.after(() => dir.remove());
  return join(dir.path, "tanda.db");
}

test("a folder that does not exist is made", async (t) => {
  const path = join(await temporaryFile(t), "..", "a", "b", "tanda.db");
  await using store = await openSqliteStore({ path });
  await store.probe();
  assert.ok((await stat(path)).isFile());
});

test("a second holder is refused with the folder and the process, and let in after the first has closed", async (t) => {
  const path = await temporaryFile(t);
  const first = await openSqliteStore({ path });
  await assert.rejects(openSqliteStore({ path }), (error: { code: string; message: string }) => {
    assert.equal(error.code, "conflict");
    assert.ok(error.message.includes(join(path, "..")) && error.message.includes(String(process.pid)));
    return true;
  });
  await first.close();
  await using second = await openSqliteStore({ path });
  await second.probe();
});

test("what was resolved before kill -9 is there, whole, and the lock of the dead is nobody's", async (t) => {
  const path = await temporaryFile(t);
  const child = spawn(process.execPath, [join(import.meta.dirname, "writing-process.ts"), path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const exited = once(child, "exit");
  const resolved: { id: string; state: string }[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (resolved.length === 0) {
      await assert.rejects(openSqliteStore({ path }), {
        code: "conflict",
        message: new RegExp(`${child.pid}`),
      });
    }
    resolved.push(...(JSON.parse(line) as typeof resolved));
    if (resolved.length > 5000) child.kill("SIGKILL");
  }
  await exited;
  await using store = await openSqliteStore({ path });
  const rows = await store.get(resolved.map(({ id }) => id));
  for (const [i, row] of rows.entries()) {
    // A task told as queued may have been finished by the call that was not answered any more.
    const states = resolved[i]!.state === "done" ? ["done"] : ["queued", "done"];
    assert.ok(row !== null && states.includes(row.state), `${resolved[i]!.id} ${row?.state}`);
  }
  let total = 0;
  for (let cursor: string | undefined; ;) {
    const page = await store.list({ cursor, limit: 1000 });
    total += page.tasks.length;
    if (page.next === null) break;
    cursor = page.next;
  }
  const counted = (await store.counts()).reduce((sum, { count }) => sum + count, 0);
  assert.equal(counted, total);
});

test("a database of a newer schema is refused and left alone", async (t) => {
  const path = await temporaryFile(t);
  const db = new DatabaseSync(path);
  db.exec("pragma user_version = 1000");
  db.close();
  await assert.rejects(openSqliteStore({ path }), { code: "conflict", message: /newer Tanda.*1000/ });
  const again = new DatabaseSync(path);
  t.after(() => again.close());
  assert.deepEqual({ ...again.prepare("pragma user_version").get() }, { user_version: 1000 });
  assert.deepEqual(again.prepare("select * from sqlite_master").all(), []);
});

test("a file that is no database is an error, and the lock is freed", async (t) => {
  const path = await temporaryFile(t);
  const { writeFile } = await import("node:fs/promises");
  await writeFile(path, "not a database at all, but long enough to be looked at ".repeat(40));
  await assert.rejects(openSqliteStore({ path }), { code: "internal" });
  await assert.rejects(openSqliteStore({ path }), { code: "internal" });
});

test("calls that come together are answered each with its own answers", async (t) => {
  const path = await temporaryFile(t);
  await using store = await openSqliteStore({ path });
  const calls = Array.from({ length: 300 }, (_, i) =>
    Array.from({ length: i % 5 }, () => newSpec({ payload: String(i) })),
  );
  const answers = await Promise.all(
    calls.map(async (specs, i) => {
      if (i % 7 === 0) await new Promise(setImmediate);
      return store.apply(specs.map((spec) => (i % 2 ? submit(spec) : ride(spec))));
    }),
  );
  for (const [i, specs] of calls.entries()) {
    assert.equal(answers[i]!.length, specs.length);
    if (i % 2)
      assert.deepEqual(
        answers[i]!.map(({ task }) => task!.id),
        specs.map(({ id }) => id),
      );
  }
  const rows = await store.get(calls.flat().map(({ id }) => id));
  assert.deepEqual(
    rows.map((row) => row!.payload),
    calls.flat().map(({ payload }) => payload),
  );
});

test("the log beside the file stays small while much is written", async (t) => {
  const path = await temporaryFile(t);
  await using store = await openSqliteStore({ path });
  const payload = JSON.stringify("x".repeat(1000));
  for (let i = 0; i < 100; i++) {
    await store.apply(Array.from({ length: 500 }, () => ride(newSpec({ payload }))));
    if (i % 10 === 0) await store.list({ limit: 10 });
  }
  const [file, log] = await Promise.all([stat(path), stat(`${path}-wal`)]);
  assert.ok(file.size > 40_000_000, String(file.size));
  assert.ok(log.size < 32_000_000, String(log.size));
  assert.ok((await store.size()) >= file.size + log.size);
});

test("a thread that died is replaced: what was under way is unknown, what comes after is kept", async (t) => {
  const path = await temporaryFile(t);
  await using store = await openSqliteStore({ path });
  const [before, after] = [newSpec(), newSpec()];
  await store.apply([submit(before)]);
  // No policy has such a text, and reading it is the death of the thread.
  const deadly = { ...DEFAULT_POLICY, toJSON: () => undefined };
  const dying = [store.apply([submit(newSpec({ policy: deadly }))]), store.probe()];
  for (const result of await Promise.allSettled(dying)) {
    assert.ok(result.status === "rejected");
    assert.equal((result.reason as { code: string }).code, "unavailable");
  }
  const [applied] = await Promise.all([store.apply([submit(after)]), store.probe()]);
  assert.equal(applied[0]!.verdict, "applied");
  const rows = await store.get([before.id, after.id]);
  assert.deepEqual(
    rows.map((row) => row?.state),
    ["queued", "queued"],
  );
  assert.deepEqual(await store.counts(), [{ queue: "default", action: "upper", state: "queued", count: 2 }]);
});
