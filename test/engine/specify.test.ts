import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { specify } from "../../src/engine/specify.ts";
import type { SubmitOptions } from "../../src/protocol/messages.ts";
import { createIdMaker } from "../../src/task/id.ts";
import { DEFAULT_POLICY, type ActionInfo } from "../../src/task/task.ts";

const NOW = 1_800_000_000_000;
const makeId = createIdMaker(0, () => NOW, Math.random);
const action: ActionInfo = {
  name: "resize",
  description: null,
  queue: "pictures",
  priority: 2,
  policy: DEFAULT_POLICY,
  concurrency: null,
  expiresMs: 60_000,
  input: null,
  output: null,
};
const make = (options: SubmitOptions | null) => specify(action, "1", options, makeId, NOW);

describe("what was asked", () => {
  test("gets the action's defaults, and the very same policy when nothing of it is overridden", () => {
    for (const options of [null, { wait: false, key: "k" }]) {
      const spec = make(options);
      assert.equal(spec.queue, "pictures");
      assert.equal(spec.priority, 2);
      assert.equal(spec.expiresAt, NOW + 60_000);
      assert.equal(spec.policy, DEFAULT_POLICY);
    }
  });

  test("may override each of them", () => {
    const spec = make({
      queue: "math",
      priority: "low",
      delay: "10s",
      attempts: 3,
      losses: 1,
      timeout: "30s",
      expires: "1m",
      retention: "1h",
      backoff: { type: "fixed", delay: "2s", jitter: 0 },
    });
    assert.deepEqual(
      [spec.queue, spec.priority, spec.dueAt, spec.expiresAt],
      ["math", 0, NOW + 10_000, NOW + 60_000],
    );
    assert.deepEqual(spec.policy, {
      attempts: 3,
      losses: 1,
      timeoutMs: 30_000,
      retentionMs: 3_600_000,
      backoff: { type: "fixed", delayMs: 2000, maxDelayMs: 3_600_000, jitter: 0 },
    });
  });

  test("may have every name and key that the protocol's page allows", () => {
    const spec = make({ queue: `a/b:c.d_e-${"9".repeat(90)}`, key: "k".repeat(200) });
    assert.equal(spec.queue.length, 100);
    assert.equal(spec.key!.length, 200);
  });

  test("is due at an instant, given as a number or a text; in the past means now", () => {
    assert.equal(make({ runAt: NOW + 5 }).dueAt, NOW + 5);
    assert.equal(make({ runAt: new Date(NOW + 1000).toISOString() }).dueAt, NOW + 1000);
    assert.equal(make({ runAt: NOW - 5 }).dueAt, null);
    assert.equal(make({ delay: 0 }).dueAt, null);
  });

  for (const [what, options] of [
    ["a task id that is no UUIDv7", { task: "7" }],
    ["a task id of another day", { task: createIdMaker(0, () => NOW - 2 * 86_400_000, Math.random)() }],
    ["an empty key", { key: "" }],
    ["a key that is too long", { key: "k".repeat(201) }],
    ["half a character in a key", { key: "\ud800" }],
    ["a queue with a blank", { queue: "a b" }],
    ["a queue that the ops could not name", { queue: "ñ" }],
    ["a queue whose name is too long", { queue: "q".repeat(101) }],
    ["an unknown priority", { priority: "urgent" }],
    ["no attempts", { attempts: 0 }],
    ["too many attempts", { attempts: 1001 }],
    ["half an attempt", { attempts: 1.5 }],
    ["a timeout of nothing", { timeout: 0 }],
    ["a duration without a unit", { delay: "10" }],
    ["both delay and runAt", { delay: 1, runAt: NOW + 1 }],
    ["an instant that is none", { runAt: "tomorrow" }],
    ["an instant beyond what a Date can be", { runAt: 8.64e15 + 1 }],
    ["a jitter over 1", { backoff: { jitter: 2 } }],
    ["an unknown kind of backoff", { backoff: { type: "linear" } }],
  ] as [string, SubmitOptions][]) {
    test(`is refused with ${what}`, () => {
      assert.throws(() => make(options), { code: "bad_request" });
    });
  }
});
