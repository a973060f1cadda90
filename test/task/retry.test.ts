import assert from "node:assert/strict";
import { test } from "node:test";
import { backoffDelayMs } from "../../src/task/retry.ts";
import type { Backoff } from "../../src/task/task.ts";

const EXPONENTIAL: Backoff = { type: "exponential", delayMs: 1000, maxDelayMs: 60_000, jitter: 0 };

test("an exponential backoff doubles up to its limit", () => {
  const delays = [1, 2, 3, 4, 6, 7, 100, 1e9].map((failures) => backoffDelayMs(EXPONENTIAL, failures, 0.5));
  assert.deepEqual(delays, [1000, 2000, 4000, 8000, 32_000, 60_000, 60_000, 60_000]);
});

test("a fixed backoff stays the same", () => {
  const fixed: Backoff = { ...EXPONENTIAL, type: "fixed" };
  assert.deepEqual(
    [1, 2, 50].map((failures) => backoffDelayMs(fixed, failures, 0.9)),
    [1000, 1000, 1000],
  );
});

test("jitter takes away or adds its share, and gives whole milliseconds", () => {
  const jittered: Backoff = { ...EXPONENTIAL, delayMs: 1001, jitter: 0.5 };
  assert.deepEqual(
    [0, 0.25, 0.5, 0.75, 1].map((chance) => backoffDelayMs(jittered, 1, chance)),
    [501, 751, 1001, 1251, 1502],
  );
  assert.equal(backoffDelayMs({ ...EXPONENTIAL, delayMs: 0, jitter: 1 }, 5, 0.7), 0);
});
