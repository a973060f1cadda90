import assert from "node:assert/strict";
import { test } from "node:test";
import { endedNow } from "../../src/worker/outcome-of-ending.ts";
import type { Ending } from "../../src/worker/pool.ts";

const HOUR_MS = 3_600_000;
const NOW = 1_750_000_000_000;

/** As a pool tells it whose machine says this. */
function ending(startedAt: number, endedAt: number): Ending {
  return { seq: 1, type: "cancelled", startedAt, endedAt };
}

test("a run that ends ended now and took as long as it did, whatever its machine's clock says, and however that was moved meanwhile", () => {
  for (const skewMs of [0, HOUR_MS, -HOUR_MS]) {
    const { startedAt, endedAt } = endedNow(ending(NOW + skewMs - 700, NOW + skewMs), NOW);
    assert.deepEqual([startedAt, endedAt], [NOW - 700, NOW]);
  }
  // Moved back while it ran.
  const { startedAt, endedAt } = endedNow(ending(NOW, NOW - HOUR_MS + 700), NOW);
  assert.deepEqual([startedAt, endedAt], [NOW, NOW]);
});
