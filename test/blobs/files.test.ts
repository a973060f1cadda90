import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable, readdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { openFileBlobs } from "../../src/blobs/files.ts";
import { openBlobs as openBlobsOfThread } from "../../src/node/open-blobs.ts";
import { blobsContract } from "./blobs-contract.ts";

blobsContract("A folder of files", async () => {
  const dir = await mkdtempDisposable(join(tmpdir(), "tanda-blobs-"));
  const blobs = await openFileBlobs({ dir: join(dir.path, "blobs") });
  return {
    blobs,
    async [Symbol.asyncDispose]() {
      await blobs.close();
      await dir.remove();
    },
  };
});

/** Every file in a folder, with its path from there. */
async function filesIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name, parentPath }) => join(parentPath, name));
}

test("a blob is one read-only file in a folder of its first two digits, and outlives the opener", async (t) => {
  const dir = await mkdtempDisposable(join(tmpdir(), "tanda-blobs-"));
  t.after(() => dir.remove());
  const first = await openFileBlobs({ dir: dir.path });
  const { id } = await first.put("hola", { type: "text/plain" });
  await first.close();
  await using again = await openFileBlobs({ dir: dir.path });
  assert.equal((await again.stat(id)).type, "text/plain");
  const path = await again.file(id);
  assert.equal(path, join(dir.path, id.slice(0, 2), id.slice(2)));
  assert.equal((await stat(path)).mode & 0o222, 0);
  await again.delete([id]);
  assert.deepEqual(await filesIn(dir.path), []);
});

test("who opens the folder beside its owner does not harm what is being put", async (t) => {
  const dir = await mkdtempDisposable(join(tmpdir(), "tanda-blobs-"));
  t.after(() => dir.remove());
  await using owner = await openFileBlobs({ dir: dir.path });
  const upload = new PassThrough();
  const putting = owner.put(upload);
  upload.write("ho");
  while ((await filesIn(dir.path)).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await using beside = await openBlobsOfThread({ dir: dir.path });
  upload.end("la");
  const { id } = await putting;
  assert.equal((await beside.stat(id)).bytes, 4);
});

test("a put that failed leaves no file", async (t) => {
  const dir = await mkdtempDisposable(join(tmpdir(), "tanda-blobs-"));
  t.after(() => dir.remove());
  await using blobs = await openFileBlobs({ dir: dir.path });
  await assert.rejects(blobs.put("hola", { maxBytes: 1 }), { code: "too_large" });
  assert.deepEqual(await filesIn(dir.path), []);
});

test("what a killed process was putting is removed by the next opener, and was never readable", async (t) => {
  const dir = await mkdtempDisposable(join(tmpdir(), "tanda-blobs-"));
  t.after(() => dir.remove());
  const child = spawn(process.execPath, [join(import.meta.dirname, "putting-process.ts"), dir.path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const exited = once(child, "exit");
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await exited;
  assert.equal((await filesIn(dir.path)).length, 1);
  await using blobs = await openFileBlobs({ dir: dir.path });
  assert.deepEqual(await filesIn(dir.path), []);
  assert.deepEqual(await blobs.old(Date.now() + 1e6, 10), []);
});

test("a full disk is busy, leaves nothing behind, and passes", async (t) => {
  const dir = await mkdtempDisposable(join(tmpdir(), "tanda-blobs-small-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", dir.path], {
    encoding: "utf8",
  });
  t.after(() => {
    if (mounted.status === 0) spawnSync("umount", [dir.path]);
    return dir.remove();
  });
  if (mounted.status !== 0) return t.skip(`cannot mount a small disk: ${mounted.stderr || mounted.error}`);
  await using blobs = await openFileBlobs({ dir: dir.path });
  const kept = await blobs.put(Buffer.alloc(600_000));
  await assert.rejects(
    blobs.put(Buffer.alloc(600_000, 1)),
    (error: { code: string; retryAfterMs: number }) => {
      assert.deepEqual([error.code, error.retryAfterMs > 0], ["busy", true]);
      return true;
    },
  );
  assert.equal((await filesIn(dir.path)).length, 1);
  await blobs.delete([kept.id]);
  assert.equal((await blobs.put(Buffer.alloc(600_000, 1))).bytes, 600_000);
});
