/** The log beside a database is copied into its file while the writer goes on, loses nothing, and does not grow for ever. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { canCheckpointBeside, Checkpoints, type CheckpointRule } from "../../src/store/sqlite-checkpoints.ts";
import { openBeside, openReadable, openWritable } from "../../src/store/sqlite-schema.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";

const RULE: CheckpointRule = { worth: 50, long: 200, little: 20 };
/** A row of these takes three pages. */
const BYTES = 10_000;
const MIB = 1024 * 1024;

type Sample = {
  readonly path: string;
  readonly db: DatabaseSync;
  readonly checkpoints: Checkpoints;
  readonly insert: () => void;
  /** Inserts, and looks. */
  readonly write: () => void;
  /** @returns how many pages the log has, and how many of them are in the file. */
  readonly told: () => { log: number; copied: number };
};

async function sample(t: TestContext, pathOfThread?: string): Promise<Sample> {
  const dir = await mkdtempDisposable(join(tmpdir(), "tanda-store-"));
  t.after(() => dir.remove());
  const path = join(dir.path, "tanda.db");
  const db = openWritable({ path });
  t.after(() => db.close());
  const checkpoints = new Checkpoints(db, pathOfThread ?? path, RULE);
  t.after(() => checkpoints.close());
  db.exec("create table written (text)");
  const statement = db.prepare("insert into written values (?)");
  const insert = (): void => void statement.run("x".repeat(BYTES));
  const noop = db.prepare("pragma wal_checkpoint(noop)");
  return {
    path,
    db,
    checkpoints,
    insert,
    write() {
      insert();
      checkpoints.look();
    },
    told() {
      const { log, checkpointed } = noop.get() as { log: number; checkpointed: number };
      return { log, copied: checkpointed };
    },
  };
}

/** Writes until it holds; fails after a minute. @returns how many rows. */
async function writeUntil(sample: Sample, holds: () => boolean): Promise<number> {
  const until = performance.now() + 60_000;
  for (let rows = 1; ; rows++) {
    sample.write();
    if (holds()) return rows;
    if (performance.now() > until) throw new Error(`it never held: ${JSON.stringify(sample.told())}`);
    if (rows % 10 === 0) await delay(1);
  }
}

test("a checkpoint is done beside the writer, with nothing of it in the writer's thread", async (t) => {
  const one = await sample(t);
  // One look, so that the writer itself never finds that the log is long.
  while (one.told().log < RULE.long) one.insert();
  one.checkpoints.look();
  const until = performance.now() + 60_000;
  while (one.told().copied < RULE.long && performance.now() < until) await delay(1);
  assert.ok(one.told().copied >= RULE.long, JSON.stringify(one.told()));
});

test("a log that is long begins anew, again and again, while the writer never rests", async (t) => {
  const one = await sample(t);
  const begins = isAnew(one);
  for (let times = 0; times < 5; times++) await writeUntil(one, begins);
  // The thread takes its time to begin, and a writer that does not wait for it writes on.
  const { size } = await stat(`${one.path}-wal`);
  assert.ok(size < 20 * MIB, `${size}`);
});

test("a transaction larger than what is little keeps no log from beginning anew", async (t) => {
  const one = await sample(t);
  const begins = isAnew(one);
  const until = performance.now() + 60_000;
  for (let anew = 0; anew < 3;) {
    one.db.exec("begin");
    for (let rows = 0; rows < 20; rows++) one.insert();
    one.db.exec("commit");
    one.checkpoints.look();
    if (begins()) anew++;
    assert.ok(performance.now() < until, JSON.stringify(one.told()));
  }
});

test("while somebody reads what is older nothing waits, and afterwards the log begins anew", async (t) => {
  const one = await sample(t);
  one.write();
  const reader = openReadable(one.path);
  t.after(() => reader.close());
  reader.exec("begin");
  assert.equal(Object.values(reader.prepare("select count(*) from written").get()!)[0], 1);
  for (let rows = 0; rows < 400; rows++) {
    one.write();
    if (rows % 10 === 0) await delay(1);
  }
  assert.ok(one.told().log >= 3 * 400, "what the reader sees was written over");
  assert.equal(Object.values(reader.prepare("select count(*) from written").get()!)[0], 1);
  reader.exec("commit");
  await writeUntil(one, () => one.told().log < RULE.long);
});

test("where the thread cannot begin the writer does its checkpoints itself", async (t) => {
  const one = await sample(t, join(tmpdir(), "no such folder", "tanda.db"));
  const rows = await writeUntil(one, () => one.told().copied > 0);
  const more = await writeUntil(one, isAnew(one));
  assert.equal(countOf(one.db), rows + more);
});

test("when both have closed there is no log, and all is in the file, whatever was under way", async (t) => {
  for (let times = 0; times < 20; times++) {
    const dir = await mkdtempDisposable(join(tmpdir(), "tanda-store-"));
    t.after(() => dir.remove());
    const path = join(dir.path, "tanda.db");
    const db = openWritable({ path });
    const checkpoints = new Checkpoints(db, path, RULE);
    db.exec("create table written (text)");
    const insert = db.prepare("insert into written values (?)");
    const rows = 100 + times * 15;
    for (let row = 0; row < rows; row++) {
      insert.run("x".repeat(BYTES));
      checkpoints.look();
    }
    checkpoints.close();
    db.close();
    await assert.rejects(stat(`${path}-wal`), { code: "ENOENT" });
    const again = openBeside(path);
    t.after(() => again.close());
    assert.equal(countOf(again), rows);
  }
});

test("kill -9 at any moment of it loses nothing that was resolved, and leaves a file that is whole", async (t) => {
  const dir = await mkdtempDisposable(join(tmpdir(), "tanda-store-"));
  t.after(() => dir.remove());
  const path = join(dir.path, "tanda.db");
  const resolved = new Map<string, string>();
  for (const calls of [40, 90, 150, 230]) {
    const program = join(import.meta.dirname, "writing-process.ts");
    const child = spawn(process.execPath, [program, path, String(BYTES)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    t.after(() => child.kill("SIGKILL"));
    const exited = once(child, "exit");
    let heard = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      for (const { id, state } of JSON.parse(line) as { id: string; state: string }[])
        resolved.set(id, state);
      if (++heard === calls) child.kill("SIGKILL");
    }
    await exited;
    const db = openBeside(path);
    assert.deepEqual({ ...db.prepare("pragma integrity_check").get() }, { integrity_check: "ok" });
    db.close();
  }
  await using store = await openSqliteStore({ path });
  const ids = [...resolved.keys()];
  assert.ok(ids.length * BYTES > 40 * MIB, `${ids.length} tasks`);
  for (let from = 0; from < ids.length; from += 500) {
    const rows = await store.get(ids.slice(from, from + 500));
    for (const [i, row] of rows.entries()) {
      const told = resolved.get(ids[from + i]!);
      assert.ok(
        row?.state === "done" || (told === "queued" && row?.state === "queued"),
        `${told} ${row?.state}`,
      );
    }
  }
});

test("an SQLite that may spoil a file is left to do checkpoints within commits", () => {
  for (const version of ["3.50.4", "3.51.2", "3.9.9", "", undefined])
    assert.ok(!canCheckpointBeside(version));
  for (const version of ["3.51.3", "3.53.4", "3.60.0", "4.0.0"]) assert.ok(canCheckpointBeside(version));
  assert.ok(canCheckpointBeside(process.versions["sqlite"]));
});

/** @returns what says whether the log has begun anew since it was last asked. */
function isAnew({ told }: Sample): () => boolean {
  let before = told().log;
  return () => {
    const { log } = told();
    const isAnew = log < before;
    before = log;
    return isAnew;
  };
}

function countOf(db: DatabaseSync): number {
  return Number(Object.values(db.prepare("select count(*) from written").get()!)[0]);
}
