/** Damaged rows in a file; and those that only SQLite can hold, where a column takes a value of any type. */
import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { describe, test } from "node:test";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { newSpec, submit } from "./sample-events.ts";
import { testSpoiltRows, type Spoilable } from "./store-spoilt-contract.ts";

type Opened = Spoilable & {
  readonly told: string[];
  write(id: string, column: string, value: SQLInputValue): void;
};

async function open(): Promise<Opened> {
  const dir = await mkdtempDisposable(join(tmpdir(), "tanda-spoilt-"));
  const path = join(dir.path, "tanda.db");
  const told: string[] = [];
  const store = await openSqliteStore({ path }, undefined, (task, why) => told.push(`${task} ${why}`));
  const write = (id: string, column: string, value: SQLInputValue): void => {
    const db = new DatabaseSync(path, { timeout: 5000 });
    const { changes } = db
      .prepare(`update tasks set ${column} = ? where id = ?`)
      .run(value, Buffer.from(id.replaceAll("-", ""), "hex"));
    db.close();
    assert.equal(Number(changes), 1);
  };
  return {
    store,
    told,
    write,
    spoil: async (id, column, text) => write(id, column, text),
    async [Symbol.asyncDispose]() {
      await store.close();
      await dir.remove();
    },
  };
}

describe("damaged rows in SQLite", () => {
  testSpoiltRows(open);

  test("several reads that meet the same one at once are all answered", async () => {
    await using opened = await open();
    const [damaged, sound] = [newSpec(), newSpec()];
    await opened.store.apply([submit(damaged), submit(sound)]);
    opened.write(damaged.id, "created_at", 2n ** 62n);
    const reads = Array.from({ length: 8 }, () => opened.store.backlog("default", 1, null, 10));
    for (const rows of await Promise.all(reads))
      assert.deepEqual(
        rows.map(({ id }) => id),
        [sound.id],
      );
  });

  for (const [column, value] of [
    ["created_at", 2n ** 62n],
    ["created_at", "x"],
    ["attempt", 1.5],
    ["attempt", -(2n ** 62n)],
    ["state", "x"],
    ["state", -(2n ** 62n)],
    ["priority", 99],
    ["action", Buffer.from("x")],
    ["due_at", 2n ** 60n],
    ["id", "no uuid"],
    ["id", Buffer.from("short")],
  ] as const) {
    test(`a row whose ${column} is ${typeof value} ${String(value)} is passed over, and told once`, async () => {
      await using opened = await open();
      const { store, told } = opened;
      const [damaged, sound] = [newSpec(), newSpec()];
      await store.apply([submit(damaged), submit(sound)]);
      opened.write(damaged.id, column, value);
      for (let i = 0; i < 2; i++) {
        assert.deepEqual(
          (await store.backlog("default", 1, null, 10)).map(({ id }) => id),
          [sound.id],
        );
        assert.deepEqual(
          (await store.list({ limit: 10 })).tasks.map(({ id }) => id),
          [sound.id],
        );
      }
      if (column !== "id") await assert.rejects(store.get([damaged.id]), { code: "conflict" });
      assert.ok(told.length <= 1, told.join());
      assert.deepEqual(await store.get([sound.id]).then(([task]) => task?.state), "queued");
    });
  }
});
