import assert from "node:assert/strict";
import { test } from "node:test";
import { loadActions } from "../../src/actions/load.ts";
import { RunContext } from "../../src/worker/run-context.ts";
import { perform } from "../../src/worker/perform.ts";

const actions = await loadActions(null);
const unused = (): never => assert.fail("not asked for");
const context = (): RunContext =>
  new RunContext("t", "a", 1, { progress: unused, log: unused, openBlobs: unused });

async function run(name: string, payload: unknown, by = context()): Promise<unknown> {
  const work = { payload, payloadBlob: null, isMarked: false };
  const ended = await perform(actions.get(name)!, work, by, {
    openBlobs: unused,
    blobOverBytes: null,
    filesDir: "",
  });
  if (ended.type === "done") return JSON.parse(ended.json);
  return ended.type === "failed" ? ended.error.code : ended;
}

test("texts are taken by code points", async () => {
  assert.equal(await run("reverse", "añ😀"), "😀ña");
  assert.equal(await run("count", "añ😀 "), 4);
  assert.equal(await run("letters", "Año 2026, 😀 ñ!"), 4);
  assert.equal(await run("letters", "123"), 0);
  assert.equal(await run("upper", "mañana"), "MAÑANA");
  assert.deepEqual(await run("echo", { a: [1] }), { a: [1] });
});

test("numbers", async () => {
  assert.equal(await run("average", [1, 2, 6]), 3);
  assert.equal(await run("average", [3, 3, 3, 3, 3, 3, 3]), 3);
  assert.equal(await run("average", [1e308, 1e308]), 1e308);
  assert.equal(await run("fib", 20), 6765);
  assert.equal(await run("sleep", 1), 1);
});

test("a text that came as a blob, for its size, is a text all the same", async () => {
  const blob = (text: string, bytes = Buffer.byteLength(text)): object => ({ bytes, text: async () => text });
  assert.equal(await run("count", blob("añ😀\n")), 4);
  assert.equal(await run("upper", blob("mañana")), "MAÑANA");
  assert.equal(await run("upper", blob("", 2 ** 40)), "invalid_input");
  const long = "añ😀b".repeat(40_000);
  assert.equal(await run("reverse", blob(long)), "b😀ña".repeat(40_000));
  assert.equal(await run("reverse", blob(`x${long}`)), `${"b😀ña".repeat(40_000)}x`);
  assert.equal(await run("letters", blob(long)), 120_000);
});

test("a refusal says in good English what came", async () => {
  const told = async (payload: unknown): Promise<string> => {
    const work = { payload, payloadBlob: null, isMarked: false };
    const tools = { openBlobs: unused, blobOverBytes: null, filesDir: "" };
    const ended = await perform(actions.get("upper")!, work, context(), tools);
    return ended.type === "failed" ? ended.error.message : ended.type;
  };
  assert.equal(await told({}), "a text is wanted, not an object");
  assert.equal(await told(undefined), "a text is wanted, not nothing");
  assert.equal(await told(3), "a text is wanted, not a number");
});

test("sleep obeys its signal", async () => {
  const by = context();
  const sleeping = run("sleep", 60_000, by);
  by.abort(new Error("enough"));
  assert.equal(await sleeping, "task_error");
});

for (const [name, payload] of [
  ["upper", 3],
  ["reverse", null],
  ["count", ["a"]],
  ["letters", {}],
  ["average", []],
  ["average", ["1"]],
  ["average", "x"],
  ["sleep", -1],
  ["sleep", "1s"],
  ["sleep", 1e12],
  ["fib", 1.5],
  ["fib", 51],
] as const) {
  test(`${name} refuses ${JSON.stringify(payload)}`, async () => {
    assert.equal(await run(name, payload), "invalid_input");
  });
}

test("each tells its schema", () => {
  for (const { info } of actions.values()) {
    if (info.name === "echo") continue;
    assert.ok(info.input !== null && info.output !== null, info.name);
  }
  assert.equal(actions.get("sleep")!.info.concurrency, 1000);
});
