/** Retention by disk: a small file system of its own in memory, half of which finished tasks may have. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { startNode } from "../../src/node/start-node.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { createIdMaker } from "../../src/task/id.ts";
import { newSpec, ride, submit } from "../store/sample-events.ts";

const MIB = 1024 * 1024;
/** Room for the rows, which take more than half of it, and for the log beside them, which takes up to 32 MB. */
const SIZE = "96m";

function mountSmallDisk(t: TestContext, size: string): string | null {
  const dir = mkdtempSync(join(tmpdir(), "tanda-small-disk-"));
  let isMounted = false;
  t.after(() => {
    if (isMounted) execFileSync("umount", ["-l", dir]);
    rmSync(dir, { recursive: true, force: true });
  });
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tanda-test", dir], { stdio: "ignore" });
  } catch {
    return null;
  }
  isMounted = true;
  return dir;
}

test("finished tasks that take more than half of what the disk could give go, oldest first, and nothing else", async (t) => {
  const disk = mountSmallDisk(t, SIZE);
  if (disk === null) return t.skip("mounting a file system needs root");
  const data = join(disk, "data");
  const at = Date.now() - 60_000;
  const makeId = createIdMaker(1, () => at, Math.random);
  const payload = JSON.stringify("x".repeat(16 * 1024));
  const make = (more: object = {}) => newSpec({ id: makeId(), createdAt: at, payload, ...more });
  const waiting = Array.from({ length: 100 }, () => make({ queue: "held" }));
  const finished = Array.from({ length: 3300 }, () => make());
  {
    await using store = await openSqliteStore({ path: join(data, "tanda.db") });
    await store.setQueue({ queue: "held", mode: "paused" });
    await store.apply(waiting.map((spec) => submit(spec, at)));
    for (let from = 0; from < finished.length; from += 100)
      await store.apply(finished.slice(from, from + 100).map((spec) => ride(spec)));
    assert.ok((await store.size()) > 52 * MIB, "too little was written to have to go");
  }
  await using node = await startNode({ data, threads: 1, diskReserveBytes: 0 });
  const count = async (state: string): Promise<number> =>
    (await node.client.$.stats()).counts.reduce(
      (sum, one) => (one.state === state ? sum + one.count : sum),
      0,
    );
  while ((await count("done")) === finished.length) await new Promise((resolve) => setTimeout(resolve, 10));
  // Until nothing has gone for two turns of the janitor.
  for (let before = -1; before !== (await count("done"));) {
    before = await count("done");
    await new Promise((resolve) => setTimeout(resolve, 2200));
  }
  const left = await count("done");
  assert.ok(left > 0 && left < finished.length, `${left} of ${finished.length} are left`);
  assert.equal(await count("queued"), waiting.length);
  const pageBytes = payload.length * (left + waiting.length);
  const { blocks, bsize } = statfsSync(disk);
  assert.ok(pageBytes < (blocks * bsize) / 2, "more than half of the disk is still taken by rows");
  for (const { id } of finished.slice(-left)) assert.equal((await node.client.$.get(id)).state, "done");
  await assert.rejects(node.client.$.get(finished.at(-left - 1)!.id), { code: "not_found" });
  assert.equal(await node.client.$.run("upper", "goes on"), "GOES ON");
});
