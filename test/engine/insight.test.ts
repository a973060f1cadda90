import assert from "node:assert/strict";
import { test } from "node:test";
import { message } from "../queue/queue-contract.ts";
import { openEngine } from "./open-engine.ts";

test("a queue whose tasks are not in the window yet tells how many wait, and since when", async () => {
  await using opened = await openEngine({ actions: { upper: { run: String } } });
  const { engine, store } = opened;
  await engine.pause("default");
  const at = Date.now();
  // As after a start: in the store, and not in the queue.
  for (const [priority, ageMs] of [
    [1, 20_000],
    [0, 50_000],
  ] as const) {
    const { spec } = message({ priority, at: at - ageMs });
    await store.apply([{ type: "submit", id: spec.id, at, spec }]);
  }
  const [view] = await engine.queues();
  assert.equal(view!.waiting, 2);
  assert.ok(view!.oldestAgeMs! >= 50_000 && view!.oldestAgeMs! < 60_000, String(view!.oldestAgeMs));
});
