import assert from "node:assert/strict";
import { test } from "node:test";
import { defineActions, startNode } from "../../src/index.ts";

test("a node tells of each queue and action what came, finished and failed just now", async () => {
  const actions = defineActions({
    quick: { run: (payload: unknown) => payload },
    broken: {
      queue: "mail",
      run: () => {
        throw new Error("no such address");
      },
    },
    unused: { run: () => null },
  });
  await using node = await startNode<typeof actions>({ data: ":memory:", actions });
  const { $ } = node.client;
  for (let n = 0; n < 4; n++) await node.client.quick(n);
  await assert.rejects(node.client.broken());
  await assert.rejects(node.client.broken());
  await $.pause("held");
  await $.submit("quick", "waits", { queue: "held" });

  const queues = new Map((await $.queues()).map((view) => [view.queue, view.perSecond]));
  const some = (perSecond: { submitted: number; finished: number; failed: number } | undefined): boolean[] =>
    Object.values(perSecond!).map((rate) => rate > 0);
  assert.deepEqual(some(queues.get("default")), [true, true, false]);
  assert.deepEqual(some(queues.get("mail")), [true, true, true]);
  assert.deepEqual(some(queues.get("held")), [true, false, false]);
  assert.ok(queues.get("default")!.finished > queues.get("mail")!.finished);

  const views = new Map((await $.actions()).map((view) => [view.action, view]));
  const [quick, broken, unused] = ["quick", "broken", "unused"].map((name) => views.get(name)!);
  assert.deepEqual(some(quick!.perSecond), [true, true, false]);
  assert.deepEqual([quick!.last10m.finished, quick!.last10m.failed], [4, 0]);
  assert.deepEqual(some(broken!.perSecond), [true, true, true]);
  assert.deepEqual([broken!.last10m.finished, broken!.last10m.failed], [2, 2]);
  assert.ok(quick!.last10m.runMs.p99 > 0 && quick!.last10m.startDelayMs.p50 > 0);
  assert.deepEqual(some(unused!.perSecond), [false, false, false]);
  assert.equal(unused!.last10m.runMs.p99, 0);
});
