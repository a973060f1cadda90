import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { idNodeTag } from "../../src/task/id.ts";
import type { WatchEvent } from "../../src/protocol/messages.ts";
import { Lines } from "../e2e/lines.ts";
import { startThree, type ThreeNodes } from "./three-nodes.ts";
import { idOf, NODES } from "./owned.ts";

describe("what three nodes tell together", () => {
  let three: ThreeNodes;
  before(async () => (three = await startThree({ noted: { run: (payload: unknown) => payload } })));
  after(async () => three[Symbol.asyncDispose]());

  test("a wide watch tells what happens at all nodes", async () => {
    const seen = new Set<string>();
    const { engine } = three.nodes[1]!;
    const enough = Promise.withResolvers<void>();
    const { stop } = await engine.watch({ action: "noted" }, (events: readonly WatchEvent[]) => {
      for (const event of events) if ("task" in event) seen.add(event.task);
      if (NODES.every((node) => [...seen].some((task) => idNodeTag(task) === node))) enough.resolve();
    });
    // A watch at a peer begins a moment later.
    const timer = setInterval(() => {
      for (const node of NODES) void three.client(node).$.run("noted", "watched", { task: idOf(node) });
    }, 50);
    await enough.promise;
    clearInterval(timer);
    stop();
  });

  test("list goes through the tasks of all nodes, newest first, page by page, none twice and none left out", async () => {
    const sent: string[] = [];
    for (let n = 0; n < 60; n++) {
      const task = idOf((n % 3) + 1);
      sent.push(task);
      await three.client(1).$.submit("echo", n, { task, queue: "pages" });
    }
    for (const limit of [7, 60, 1000]) {
      const listed: string[] = [];
      let cursor: string | null = null;
      do {
        const page: Awaited<ReturnType<ReturnType<ThreeNodes["client"]>["$"]["list"]>> = await three
          .client(2)
          .$.list({ queue: "pages", limit, ...(cursor === null ? {} : { cursor }) });
        assert.ok(page.tasks.length <= limit);
        assert.equal("missing" in page, false);
        listed.push(...page.tasks.map(({ task }) => task));
        cursor = page.next;
      } while (cursor !== null);
      assert.deepEqual(listed, sent.toSorted().toReversed());
    }
  });

  test("`local` asks one node alone, at every view", async () => {
    using lines = await Lines.open(three.ports[1]!);
    const [nodes, own, all, stats] = await lines.askAll([
      { op: "nodes", local: true },
      { op: "list", queue: "pages", local: true },
      { op: "list", queue: "pages" },
      { op: "get", task: idOf(2), local: true },
    ]);
    assert.deepEqual(
      (nodes!.data as { node: number }[]).map(({ node }) => node),
      [1],
    );
    assert.equal((own!.data as { tasks: unknown[] }).tasks.length, 20);
    assert.equal((all!.data as { tasks: unknown[] }).tasks.length, 60);
    assert.equal(stats!.result?.error?.code, "not_found");
  });

  test("stats and queues add up, and nodes and workers stand side by side", async () => {
    const queue = (await three.client(1).$.queues()).find((view) => view.queue === "pages")!;
    assert.deepEqual([queue.counts.done, queue.mode, queue.modes], [60, "open", undefined]);
    const counted = (await three.client(3).$.stats()).counts.filter((one) => one.queue === "pages");
    assert.equal(
      counted.reduce((sum, { count }) => sum + count, 0),
      60,
    );
    const [echo] = (await three.client(2).$.actions()).filter(({ action }) => action === "echo");
    assert.deepEqual([echo!.last10m.finished, echo!.last10m.failed], [60, 0]);
    assert.ok(echo!.last10m.runMs.p99 > 0);
    assert.equal((await three.client(1).$.stats()).threads.total, 3);
    assert.deepEqual(
      (await three.client(2).$.nodes()).map(({ node }) => node),
      [1, 2, 3],
    );
    assert.deepEqual(
      new Set((await three.client(2).$.workers()).map(({ node }) => node)),
      new Set([1, 2, 3]),
    );
    assert.ok((await three.client(1).$.actions()).some(({ action }) => action === "noted"));
  });

  test("a queue is paused, purged and resumed at all nodes; where they differ, each is told", async () => {
    assert.equal((await three.client(1).$.pause("calm")).mode, "paused");
    const handles = await Promise.all(
      NODES.map((node) => three.client(2).$.submit("noted", "calm", { task: idOf(node), queue: "calm" })),
    );
    assert.deepEqual(await three.client(3).$.purge("calm"), { queue: "calm", cancelled: 3 });
    assert.equal((await three.client(1).$.get(handles[1]!.task)).state, "cancelled");
    await three.nodes[2]!.engine.local!.resume("calm");
    const view = (await three.client(1).$.queues()).find(({ queue }) => queue === "calm")!;
    assert.equal(view.mode, "paused");
    assert.deepEqual(view.modes, [
      { node: 1, mode: "paused" },
      { node: 2, mode: "open" },
      { node: 3, mode: "paused" },
    ]);
    assert.equal((await three.client(2).$.resume("calm")).mode, "open");
  });
});
