import assert from "node:assert/strict";
import { test } from "node:test";
import { message } from "../queue/queue-contract.ts";
import { ERROR, finish, newSpec, simple, submit } from "../store/sample-events.ts";
import { ask, openEngine } from "./open-engine.ts";
import { until } from "../until.ts";

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

test("how long a task waited counts from a retry by hand, not from its creation", async () => {
  await using opened = await openEngine({ actions: { upper: { run: String } } });
  const { engine, store } = opened;
  const at = Date.now() - 86_000;
  const failed = newSpec({ createdAt: at });
  const cancelled = newSpec({ createdAt: at });
  await store.apply([
    submit(failed, at),
    finish(failed.id, 1, { type: "failed", error: ERROR }, at),
    submit(cancelled, at),
    simple("cancel", cancelled.id, at),
  ]);
  for (const { id } of [failed, cancelled]) {
    await engine.retry(id);
    await until(async () => (await engine.get(id)).state === "done");
  }
  const { startDelayMs } = await engine.stats();
  assert.ok(startDelayMs.p99 > 0 && startDelayMs.p99 < 60_000, String(startDelayMs.p99));
});

test("what a queue refused is not counted as submitted to it, and what it took is", async () => {
  await using opened = await openEngine({ actions: { upper: { run: String } } });
  const { engine } = opened;
  const drained = await engine.drain("shut");
  assert.deepEqual(drained.perSecond, { submitted: 0, finished: 0, failed: 0 });
  assert.equal((await ask(engine, "upper", "a", { queue: "shut" })).status, "failed");
  assert.equal((await ask(engine, "upper", "a", { queue: "open" })).status, "done");
  const [shut, open] = ["shut", "open"].map(async (name) =>
    (await engine.queues()).find(({ queue }) => queue === name),
  );
  assert.equal((await shut)!.perSecond.submitted, 0);
  assert.ok((await open)!.perSecond.submitted > 0);
});
