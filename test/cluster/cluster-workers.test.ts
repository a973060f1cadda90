import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { idOf } from "./owned.ts";
import { startThree } from "./three-nodes.ts";

describe("a worker of a cluster", () => {
  test("is drained and resumed by way of any node; its tasks wait, the others go on, and it stays ready", async () => {
    await using three = await startThree({ noted: { run: (payload: unknown) => payload } });
    const [one, two, own] = [1, 2, 3].map((node) => three.client(node).$);
    assert.equal((await one!.drainWorker("3")).state, "draining");
    const states = async (): Promise<string[]> =>
      (await two!.workers()).map(({ worker, state }) => `${worker} ${state}`).toSorted();
    assert.deepEqual(await states(), ["1 running", "2 running", "3 draining"]);
    const waits = await two!.submit("noted", "later", { task: idOf(3) });
    assert.equal(await two!.run("noted", "now", { task: idOf(2) }), "now");
    const told = await one!.explain(waits.task);
    assert.deepEqual([told.state, told.reason], ["queued", "drained"]);
    assert.match(told.text, /`tanda workers resume 3`/);
    assert.equal((await own!.ping()).state, "ready");
    assert.equal((await two!.resumeWorker("3")).state, "running");
    assert.equal(await waits.result(), "later");
    await assert.rejects(one!.drainWorker("4"), { code: "not_found" });
    await assert.rejects(one!.drainWorker("3.quarantine-1"), { code: "not_found" });
  });

  test("cannot be told while its node is down, and takes tasks when that starts again", async () => {
    await using three = await startThree({ noted: { run: (payload: unknown) => payload } });
    await three.client(3).$.drainWorker("3");
    const waits = await three.client(3).$.submit("noted", "kept", { task: idOf(3) });
    await three.stop(3);
    await three.seen(3, "down");
    await assert.rejects(three.nodes[1]!.engine.resumeWorker("3"), { code: "unavailable" });
    await three.start(3);
    await three.seen(3, "up");
    assert.equal(await three.client(1).$.task(waits.task).result(), "kept");
  });
});
