import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { checkActions } from "../../src/actions/check.ts";
import { loadActions } from "../../src/actions/load.ts";
import { TandaError } from "../../src/task/errors.ts";

async function fileWith(t: TestContext, name: string, text: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "tanda-test-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  await writeFile(join(dir, name), text);
  return join(dir, name);
}

test("a TypeScript file is loaded beside the built-in actions, and wins over them", async (t) => {
  const file = await fileWith(
    t,
    "actions.ts",
    `type Text = string; export default { shout: { run: (text: Text) => text + "!" }, upper: { run: () => "mine" } };`,
  );
  const actions = await loadActions(file);
  assert.equal(actions.get("shout")?.run("hi", undefined as never), "hi!");
  assert.equal(actions.get("upper")?.run("hi", undefined as never), "mine");
  assert.ok(actions.has("fib"));
});

test("a file that is not right TypeScript is told with its place", async (t) => {
  const file = await fileWith(t, "actions.ts", "const a: number = 1;\nexport default {{{");
  await assert.rejects(loadActions(file), /actions\.ts did not load: .*actions\.ts:2/);
});

test("options become the action's policy", () => {
  const info = checkActions(
    {
      a: {
        description: "does a",
        queue: "math",
        priority: "high",
        attempts: 4,
        losses: 2,
        backoff: { type: "exponential", delay: "2s", maxDelay: "1m", jitter: 0 },
        timeout: "30s",
        expires: "1h",
        concurrency: 50,
        retention: "2d",
        run: () => {},
      },
    },
    "x.ts",
  ).get("a")!.info;
  assert.deepEqual(info, {
    name: "a",
    description: "does a",
    queue: "math",
    priority: 2,
    policy: {
      attempts: 4,
      losses: 2,
      backoff: { type: "exponential", delayMs: 2000, maxDelayMs: 60_000, jitter: 0 },
      timeoutMs: 30_000,
      retentionMs: 172_800_000,
    },
    concurrency: 50,
    expiresMs: 3_600_000,
    input: null,
    output: null,
  });
});

test("a plain backoff is a fixed one; without options the defaults hold", () => {
  const actions = checkActions({ a: { backoff: "5s", run: () => {} }, b: { run: () => {} } }, "x.ts");
  assert.deepEqual(actions.get("a")!.info.policy.backoff, {
    type: "fixed",
    delayMs: 5000,
    maxDelayMs: 5000,
    jitter: 0.25,
  });
  const { policy, queue, concurrency } = actions.get("b")!.info;
  assert.deepEqual(
    [policy.attempts, policy.losses, policy.timeoutMs, queue, concurrency],
    [1, 3, 300_000, "default", null],
  );
});

const run = (): void => {};
const wrong: [string, unknown, RegExp][] = [
  ["nothing", undefined, /no object of actions/],
  ["a list", [], /no object of actions/],
  ["an action that is a function", { a: run }, /action "a" has no `run`/],
  ["an action without run", { a: {} }, /action "a" has no `run`/],
  ["a name with a blank", { "a b": { run } }, /"a b" is not a good name/],
  ["an unknown option", { a: { run, retries: 3 } }, /unknown option `retries`/],
  ["attempts of 0", { a: { run, attempts: 0 } }, /`attempts` must be a whole number/],
  ["a strange timeout", { a: { run, timeout: "soon" } }, /`timeout` is not a duration/],
  ["a timeout of nothing", { a: { run, timeout: 0 } }, /`timeout` must be more than 0/],
  ["an end of no time", { a: { run, expires: 0 } }, /`expires` must be more than 0/],
  ["a queue that nobody could name", { a: { run, queue: "mañana tarde" } }, /`queue` is not a name/],
  ["a strange priority", { a: { run, priority: "urgent" } }, /`priority` must be one of low, normal/],
  ["a schema that is none", { a: { run, input: { type: "string" } } }, /`input` must be a schema/],
  ["a strange backoff", { a: { run, backoff: { type: "linear" } } }, /backoff\.type is "fixed" or/],
];
for (const [what, table, message] of wrong) {
  test(`refuses ${what}`, () => {
    assert.throws(
      () => checkActions(table, "x.ts"),
      (error) => {
        assert.ok(error instanceof TandaError);
        assert.match(error.message, message);
        return true;
      },
    );
  });
}
