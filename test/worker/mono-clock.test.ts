import assert from "node:assert/strict";
import { test } from "node:test";
import { aheadMs, monoMs } from "../../src/worker/mono-clock.ts";

/** Two clocks of one machine, 1,000 ms apart, that passes `passes[n]` ms before the nth look at either. */
function clocks(passes: number[]) {
  let now = 0;
  const pass = (): number => (now += passes.shift() ?? 0.01);
  return [() => 1000 + pass(), pass] as const;
}

test("how far two clocks are apart is told right by a machine that stands still between two looks", () => {
  const standsStill = [0.01, 4, 0.01, 0.01, 0.01, 7];
  const by = aheadMs(...clocks(standsStill));
  assert.ok(Math.abs(by - 1000) < 0.02, `${by}`);
});

test("where no two looks are close, the closest are taken, and there is an end of looking", () => {
  const passes = Array.from({ length: 1000 }, (_, n) => (n === 31 || n === 32 ? 0.1 : 5));
  const by = aheadMs(...clocks(passes));
  assert.ok(Math.abs(by - 1000) < 0.2, `${by}`);
  assert.equal(passes.length, 1000 - 300);
});

test("is the machine's monotonic clock", () => {
  const before = Number(process.hrtime.bigint()) / 1e6;
  const now = monoMs();
  const after = Number(process.hrtime.bigint()) / 1e6;
  assert.ok(now > before - 0.1 && now < after + 0.1, `${before} ${now} ${after}`);
});
