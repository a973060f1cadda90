import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import sharp from "sharp";
import { startNode, TandaError } from "../../src/index.ts";
import type actions from "./actions.ts";
import { makeSamples } from "./samples.ts";

const run = promisify(execFile);
const RUN = fileURLToPath(new URL("./run.ts", import.meta.url));

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "tanda-images-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("writes a thumbnail of each picture and tells the checksums", async (t) => {
  const folder = makeFolder(t);
  await makeSamples(folder, 6, 400, 300);
  const out = join(folder, "small");
  const { stdout } = await run(process.execPath, [RUN, folder, "--out", out, "--width", "80"]);
  const lines = stdout.trimEnd().split("\n");
  assert.equal(lines.length, 6);
  for (const line of lines) {
    const [sum, path] = line.split("  ");
    assert.equal(sum, createHash("sha256").update(readFileSync(path!)).digest("hex"));
  }
  const thumbnails = readdirSync(out);
  assert.equal(thumbnails.length, 6);
  for (const name of thumbnails) {
    const { width, height, format } = await sharp(join(out, name)).metadata();
    assert.deepEqual({ width, height, format }, { width: 80, height: 60, format: "webp" });
  }
});

test("a file that is no picture fails alone, and the exit code says so", async (t) => {
  const folder = makeFolder(t);
  await makeSamples(folder, 2, 40, 30);
  writeFileSync(join(folder, "broken.jpg"), "not a picture");
  const failure = await run(process.execPath, [RUN, folder]).then(
    () => assert.fail("it should have failed"),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
  assert.equal(failure.code, 1);
  assert.equal(failure.stdout.trimEnd().split("\n").length, 2);
  assert.match(failure.stderr, /broken\.jpg: /);
});

test("a width that cannot be is invalid_input, with its path", async () => {
  await using node = await startNode<typeof actions>({
    data: ":memory:",
    actions: new URL("./actions.ts", import.meta.url),
  });
  const image = await node.client.$.blobs.put("any bytes");
  await assert.rejects(node.client.thumbnail({ image, width: 0 }), (error: TandaError) => {
    assert.equal(error.code, "invalid_input");
    assert.match(error.path ?? error.message, /width/);
    return true;
  });
});
