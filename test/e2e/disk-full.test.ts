/** A real full disk: a small file system of its own in memory. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { createIdMaker } from "../../src/task/id.ts";
import { Lines, type LineReply } from "./lines.ts";
import { freePort, NodeProcess } from "./node-process.ts";

const makeId = createIdMaker(3, Date.now, Math.random);

async function mountSmallDisk(t: TestContext, size: string): Promise<string | null> {
  const dir = await mkdtemp(join(tmpdir(), "tanda-small-disk-"));
  let isMounted = false;
  t.after(async () => {
    if (isMounted) execFileSync("umount", ["-l", dir]);
    await rm(dir, { recursive: true, force: true });
  });
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tanda-test", dir], { stdio: "ignore" });
  } catch {
    return null;
  }
  isMounted = true;
  return dir;
}

test("a full disk is told clearly, loses nothing, and is forgotten when there is space again", async (t) => {
  const disk = await mountSmallDisk(t, "24m");
  if (disk === null) return t.skip("mounting a file system needs root");
  await using node = new NodeProcess(await freePort(), join(disk, "data"), ["--disk-reserve", "0"], {});
  await node.start();
  using lines = await Lines.open(node.port);
  // Nothing is finished meanwhile, so nothing may be retired to make room.
  await lines.ask({ op: "pause", queue: "default" });
  const payload = "x".repeat(20_000);
  const promised: string[] = [];
  let refused: LineReply | null = null;
  for (let n = 0; n < 200 && refused === null; n++) {
    const replies = await lines.askAll(
      Array.from({ length: 20 }, () => ({
        action: "count",
        payload,
        options: { wait: false, task: makeId() },
      })),
    );
    for (const reply of replies) {
      if (reply.status === "queued") promised.push(reply.task!);
      else refused = reply;
    }
  }
  assert.ok(refused, "the disk never got full: nothing was tested");
  assert.equal(refused.result?.error?.code, "busy", JSON.stringify(refused));
  assert.ok((refused.result?.error?.retryAfterMs ?? 0) > 0);

  // Space again: the same file system, grown.
  execFileSync("mount", ["-o", "remount,size=200m", disk]);
  for (let isResumed = false; !isResumed;) {
    isResumed = (await lines.ask({ op: "resume", queue: "default" })).status === "ok";
  }
  for (const task of promised) {
    const end = await lines.ask({ op: "wait", task });
    assert.equal(end.result?.data, payload.length, `${task}: ${JSON.stringify(end)}`);
  }
  const after = await lines.ask({ action: "upper", payload: "again", options: { wait: false } });
  assert.equal(after.status, "queued");
  t.diagnostic(`${promised.length} tasks were promised before the disk was full, all done after`);
});

test("under the disk's reserve new work is refused, and what is there goes on", async (t) => {
  const disk = await mountSmallDisk(t, "64m");
  if (disk === null) return t.skip("mounting a file system needs root");
  await using node = new NodeProcess(await freePort(), join(disk, "data"), ["--disk-reserve", "16MiB"], {});
  await node.start();
  using lines = await Lines.open(node.port);
  const sleeping = lines.ask({ action: "sleep", payload: 2500, options: {} });
  const filler = join(disk, "filler");
  await writeFile(filler, Buffer.alloc(52 * 1024 * 1024));
  const code = async (): Promise<string | undefined> =>
    (await lines.ask({ action: "upper", payload: "x", options: {} })).result?.error?.code;
  while ((await code()) !== "busy") await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal((await sleeping).status, "done");
  await rm(filler);
  while ((await code()) === "busy") await new Promise((resolve) => setTimeout(resolve, 50));
});
