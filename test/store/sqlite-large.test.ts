/** What is large goes to the file a little at a time, beside what is small. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { LargeWrites } from "../../src/store/large-writes.ts";
import type { Outcome, TaskEvent } from "../../src/task/decide.ts";
import { newSpec, ride, submit, T0 } from "./sample-events.ts";

const LARGE: Outcome = { type: "done", result: JSON.stringify("r".repeat(100_000)), resultBlob: null };

function large(more: Parameters<typeof newSpec>[0] = {}): TaskEvent {
  return ride(newSpec(more), LARGE);
}

describe("large ends in a file", () => {
  let folder: string;
  before(async () => (folder = await mkdtemp(join(tmpdir(), "tanda-large-"))));
  after(() => rm(folder, { recursive: true, force: true }));

  test("are overtaken by what is small, and all is kept", async () => {
    await using store = await openSqliteStore({ path: join(folder, "overtaken.db") });
    const much = Array.from({ length: 100 }, () => large());
    let isMuchWritten = false;
    const writing = store.apply(much).then((applied) => {
      isMuchWritten = true;
      return applied;
    });
    const small = ride(newSpec());
    const [applied] = await store.apply([small]);
    assert.equal(applied!.verdict, "applied");
    assert.ok(!isMuchWritten, "ten megabytes are written after it");
    assert.deepEqual(new Set((await writing).map(({ verdict }) => verdict)), new Set(["applied"]));
    const rows = await store.get([...much, small].map(({ id }) => id));
    assert.equal(rows.filter((row) => row?.state === "done").length, 101);
  });

  test("answers come in the order of the events, whichever way these went", async () => {
    await using store = await openSqliteStore({ path: join(folder, "order.db") });
    const spec = newSpec();
    const other = newSpec();
    const events: TaskEvent[] = [
      submit(spec),
      large(),
      { type: "cancel", id: newSpec().id, at: T0 },
      submit(spec),
      large(),
      submit({ ...spec, payload: '"other"' }),
      submit(other),
    ];
    const verdicts = (await store.apply(events)).map(({ verdict }) => verdict);
    const wanted = ["applied", "applied", "not_found", "unchanged", "applied", "conflict", "applied"];
    assert.deepEqual(verdicts, wanted);
  });

  test("what is about the same task, or has the same key, comes after them", async () => {
    await using store = await openSqliteStore({ path: join(folder, "same.db") });
    const before = store.apply(Array.from({ length: 20 }, () => large()));
    const [task, keyed] = [large(), large({ key: "one" })];
    const written = store.apply([task, keyed]);
    const [cancelled, second] = await Promise.all([
      store.apply([{ type: "cancel", id: task.id, at: T0 + 3 }]),
      store.apply([submit(newSpec({ key: "one", payload: '"another"' }))]),
    ]);
    assert.notEqual(cancelled[0]!.verdict, "not_found");
    assert.equal(second[0]!.verdict, "conflict");
    await Promise.all([before, written]);
  });

  test("are there after a close that did not wait for them", async () => {
    const path = join(folder, "closed.db");
    const much = Array.from({ length: 50 }, () => large());
    const store = await openSqliteStore({ path });
    const writing = store.apply(much);
    await store.close();
    assert.equal((await writing).length, 50);
    await using again = await openSqliteStore({ path });
    const rows = await again.get(much.map(({ id }) => id));
    assert.ok(rows.every((row) => row?.state === "done"));
  });
});

describe("large ends that cannot be written", () => {
  test("fail with their piece alone, and what comes later is written", async () => {
    let calls = 0;
    const writes = new LargeWrites(async (events) => {
      if (++calls === 1) throw new Error("no disk");
      return events.map(() => null);
    });
    const ends = Array.from({ length: 30 }, () => writes.push(large()));
    const outcomes = await Promise.allSettled(ends);
    const failed = outcomes.filter(({ status }) => status === "rejected").length;
    assert.ok(failed > 0 && failed < 30, `${failed} of 30 failed`);
    assert.ok(calls > 1);
    await writes.settled();
    assert.ok(writes.isEmpty);
  });
});
