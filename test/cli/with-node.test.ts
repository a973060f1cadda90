/** The command line and a real node. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { builtinActions } from "../../src/actions/builtin.ts";
import type { Context } from "../../src/actions/define.ts";
import { startNode } from "../../src/index.ts";
import { runCli } from "./run-cli.ts";

const actions = {
  ...builtinActions,
  picture: {
    run: async (_payload: unknown, { blob }: Context) => ({ width: 2, thumbnail: await blob("bytes of it") }),
  },
  pictures: {
    run: async (_payload: unknown, { blob }: Context) => [await blob("one"), await blob("two")],
  },
};

async function openNode(t: TestContext): Promise<{ server: string; folder: string } & AsyncDisposable> {
  const folder = mkdtempSync(join(tmpdir(), "tanda-cli-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const node = await startNode({ data: join(folder, "data"), actions, listen: ["127.0.0.1:0"], threads: 1 });
  const server = `tanda://127.0.0.1:${node.addresses[0]!.port}`;
  return { server, folder, [Symbol.asyncDispose]: () => node[Symbol.asyncDispose]() };
}

test("--output writes the bytes of the one blob in a result, wherever it stands; of several, the JSON", async (t) => {
  await using node = await openNode(t);
  const { server, folder } = node;
  const file = join(folder, "out");
  assert.deepEqual(await runCli(["run", "picture", "-o", file], { server }), {
    code: 0,
    stdout: "",
    stderr: "",
  });
  assert.equal(readFileSync(file, "utf8"), "bytes of it");
  const several = await runCli(["run", "pictures", "-o", file], { server });
  assert.equal(several.stderr, `There are 2 blobs in the result: ${file} has it as JSON.\n`);
  assert.equal((JSON.parse(readFileSync(file, "utf8")) as unknown[]).length, 2);
});

test("the example of help comes true: a file goes there and back", async (t) => {
  await using node = await openNode(t);
  const { server, folder } = node;
  const photo = Buffer.from([0xff, 0xd8, 0, 1, 2, 0xff]);
  writeFileSync(join(folder, "photo.jpg"), photo);
  const copy = join(folder, "copy.jpg");
  const ran = await runCli(["run", "echo", `@${join(folder, "photo.jpg")}`, "-o", copy], { server });
  assert.equal(ran.code, 0, ran.stderr);
  assert.deepEqual(readFileSync(copy), photo);
});

test("a long text reaches an action that takes text", async (t) => {
  await using node = await openNode(t);
  const input = "0123456789\n".repeat(20_000);
  const ran = await runCli(["run", "count", "-"], { server: node.server, input });
  assert.deepEqual(ran, { code: 0, stdout: `${input.length - 1}\n`, stderr: "" });
});
