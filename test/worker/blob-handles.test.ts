import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { BlobHandle } from "../../src/actions/define.ts";
import type { Blobs } from "../../src/blobs/blobs.ts";
import { TandaError, type ErrorBody } from "../../src/task/errors.ts";
import { putHandles } from "../../src/worker/blob-handles.ts";
import { openBlobs } from "./fixtures/blobs.ts";

function makeBlobs(t: TestContext): { blobs: Blobs; fill: (value: unknown) => Promise<unknown> } {
  const dir = mkdtempSync(join(tmpdir(), "tanda-handles-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const blobs = openBlobs(dir);
  return { blobs, fill: (value) => putHandles(value, () => Promise.resolve(blobs), dir) };
}

async function refusalOf(filling: Promise<unknown>): Promise<ErrorBody> {
  const error = await filling.then(
    () => assert.fail("it was taken"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof TandaError);
  return error.toBody();
}

test("a mark becomes a handle wherever it lies", async (t) => {
  const { blobs, fill } = makeBlobs(t);
  const { id } = await blobs.put("hola");
  const filled = (await fill({ pictures: [{ file: { $blob: id } }], name: "a" })) as {
    pictures: [{ file: BlobHandle }];
  };
  assert.equal(await filled.pictures[0].file.text(), "hola");
  assert.equal(await ((await fill({ $blob: id })) as BlobHandle).text(), "hola");
});

test("a mark without an id is refused, with its path, and does not reach the handler as an object", async (t) => {
  const { fill } = makeBlobs(t);
  assert.deepEqual(await refusalOf(fill({ image: { $blob: "ID" }, width: 200 })), {
    code: "invalid_input",
    message: `image: "ID" is not a blob's id`,
    path: "image",
    hint: "An id is 64 hexadecimal digits, as the answer to PUT /v1/blobs tells it.",
  });
  assert.equal((await refusalOf(fill({ pictures: [1, { $blob: "x" }] }))).path, "pictures[1]");
  const bare = await refusalOf(fill({ $blob: 7 }));
  assert.deepEqual([bare.message, bare.path], ["7 is not a blob's id", undefined]);
  const long = await refusalOf(fill({ $blob: "x".repeat(100_000) }));
  assert.ok(long.message.length < 200);
});

test("a mark of a blob that is not there is refused, with its path", async (t) => {
  const { fill } = makeBlobs(t);
  const { message, path } = await refusalOf(fill({ image: { $blob: "0".repeat(64) } }));
  assert.equal(message, `image: there is no blob ${"0".repeat(64)}`);
  assert.equal(path, "image");
});
