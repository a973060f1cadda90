/** A damaged row stands in nobody's way, also not of who clears a queue. */
import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { startNode } from "../../src/node/start-node.ts";

test("a queue is purged past a scheduled task whose row is damaged", async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), "tanda-purge-"));
  await using node = await startNode({ data: dir.path, threads: 1 });
  const { client } = node;
  const later = (n: number) => client.upper.submit(`later ${n}`, { delay: "1h", queue: "later" });
  const [damaged, ...sound] = await Promise.all([1, 2, 3].map(later));
  const db = new DatabaseSync(join(dir.path, "tanda.db"), { timeout: 5000 });
  db.prepare("update tasks set payload = ? where id = ?").run(
    '"two\nlines"',
    Buffer.from(damaged!.task.replaceAll("-", ""), "hex"),
  );
  db.close();
  const { cancelled } = await client.$.purge("later");
  assert.ok(cancelled >= sound.length, `${cancelled}`);
  for (const { task } of sound) assert.equal((await client.$.get(task)).state, "cancelled");
});
