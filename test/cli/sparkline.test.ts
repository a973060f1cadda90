import assert from "node:assert/strict";
import { test } from "node:test";
import { sparkline } from "../../src/cli/sparkline.ts";

test("the largest is the tallest bar, nothing is a blank, and what is small can be told from nothing", () => {
  assert.equal(sparkline([0, 1, 4, 8, null, 8], 60), "▁▂▅█ █");
  assert.equal(sparkline([0, 0.001, 100], 60), "▁▂█");
  assert.equal(sparkline([0, 0], 60), "▁▁");
  assert.equal(sparkline([], 60), "");
});

test("where there are more numbers than columns, neighbours share one, and the larger counts", () => {
  assert.equal(sparkline([1, 8, 2, 2, null, 4], 3), "█▃▅");
  assert.ok(
    sparkline(
      Array.from({ length: 300 }, (_, n) => n),
      60,
    ).length <= 60,
  );
});
