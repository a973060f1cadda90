import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Lines } from "../e2e/lines.ts";
import { startThree } from "./three-nodes.ts";
import { idOf, keyOf } from "./owned.ts";

describe("a cluster of which a node is down", () => {
  test("its tasks are unavailable at once, the others go on, and all is there when it is back", async () => {
    await using three = await startThree({ noted: { run: (payload: unknown) => payload } });
    const theirs = idOf(3);
    await three.client(1).$.run("noted", "kept", { task: theirs });
    await three.stop(3);
    await three.seen(3, "down");

    using lines = await Lines.open(three.ports[1]!);
    const [get, run, key, mine, list, stats, nodes, pause] = await lines.askAll([
      { op: "get", task: theirs },
      { action: "noted", payload: 1, options: { task: idOf(3) } },
      { action: "noted", payload: 1, options: { key: keyOf(3, "down") } },
      { action: "noted", payload: 2, options: { task: idOf(2) } },
      { op: "list" },
      { op: "stats" },
      { op: "nodes" },
      { op: "pause", queue: "calm" },
    ]);
    for (const refused of [get, run, key, pause]) {
      assert.equal(refused!.result?.error?.code, "unavailable");
      assert.match(refused!.result.error.message, /Node 3/);
      assert.ok(refused!.result?.error?.hint);
    }
    assert.equal(mine!.status, "done");
    assert.deepEqual((list!.data as { missing: number[] }).missing, [3]);
    assert.deepEqual((stats!.data as { missing: number[] }).missing, [3]);
    const states = (nodes!.data as { node: number; state: string }[]).map(({ node, state }) => [node, state]);
    assert.deepEqual(states, [
      [1, "ready"],
      [2, "ready"],
      [3, "down"],
    ]);

    // The SDK asks again until the owner is back.
    const later = three.client(2).$.run("noted", "later", { task: idOf(3) });
    await three.start(3);
    assert.equal(await later, "later");
    await three.seen(3, "up");
    assert.equal((await three.client(1).$.get(theirs)).result, "kept");
  });
});
