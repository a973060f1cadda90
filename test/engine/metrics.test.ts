import assert from "node:assert/strict";
import { test } from "node:test";
import { BUCKETS_S, Histogram, Metrics } from "../../src/engine/metrics.ts";

test("a value on a bound belongs to its bucket, one past the last to none of them", () => {
  const histogram = new Histogram([1, 2, 5]);
  histogram.observeMany([0, 1, 1.5, 2, 5, 6, 600]);
  assert.deepEqual([...histogram.counts], [2, 2, 1, 2]);
  assert.equal(histogram.count, 7);
  assert.equal(histogram.sum, 615.5);
  histogram.observe(3, 4);
  assert.equal(histogram.counts[2], 5);
  assert.equal(histogram.sum, 627.5);
});

test("quantiles lie within their bucket, and 0 is the answer of nothing", () => {
  const histogram = new Histogram([1, 2, 4]);
  assert.equal(histogram.quantile(0.5), 0);
  histogram.observe(0.5, 50);
  histogram.observe(3, 50);
  assert.equal(histogram.quantile(0.25), 0.5);
  assert.equal(histogram.quantile(0.5), 1);
  assert.equal(histogram.quantile(0.75), 3);
  assert.equal(histogram.quantile(1), 4);
  histogram.observe(100, 1000);
  assert.equal(histogram.quantile(0.99), 4);
});

test("ends are counted by action, state and code, whatever the names are", () => {
  const metrics = new Metrics();
  metrics.countFinished("__proto__", "done");
  metrics.countFinished("__proto__", "done", "", 2);
  metrics.countFinished("a", "failed", "timed_out");
  metrics.observeRun("__proto__", 0.1);
  metrics.observeStartDelay("a", 0.1);
  assert.deepEqual(metrics.finished(), [
    { action: "__proto__", state: "done", code: "", count: 3 },
    { action: "a", state: "failed", code: "timed_out", count: 1 },
  ]);
  assert.equal(metrics.run.get("__proto__")!.count, 1);
  assert.equal(metrics.startDelay.get("a")!.bounds, BUCKETS_S);
});
