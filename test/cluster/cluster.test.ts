import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { TandaError } from "../../src/task/errors.ts";
import { createIdMaker, idNodeTag } from "../../src/task/id.ts";
import { Ownership } from "../../src/cluster/ownership.ts";
import type { Submission } from "../../src/engine/engine.ts";
import type { WatchEvent } from "../../src/protocol/messages.ts";
import { Lines } from "../e2e/lines.ts";
import { startThree, type ThreeNodes } from "./three-nodes.ts";

const NODES = [1, 2, 3] as const;
const makers = new Map([1, 2, 3, 700].map((node) => [node, createIdMaker(node, Date.now, Math.random)]));
const idOf = (node: number): string => makers.get(node)!();
const isCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof TandaError && error.code === code;
/** A key that this node owns. */
function keyOf(node: number, what: string): string {
  const owners = new Ownership(1, [2, 3]);
  for (let n = 0; ; n++) if (owners.ofKey(`${what}-${n}`) === node) return `${what}-${n}`;
}

describe("three nodes that know each other", () => {
  let three: ThreeNodes;
  let release = Promise.withResolvers<void>();
  const runs: unknown[] = [];
  before(async () => {
    three = await startThree({
      noted: {
        run: (payload: unknown) => {
          runs.push(payload);
          return payload;
        },
      },
      held: {
        run: async (_payload: unknown, { signal }: { signal: AbortSignal }) => {
          await Promise.race([
            release.promise,
            new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
          ]);
          return "released";
        },
      },
      refuse: {
        run: () => {
          throw new Error("no");
        },
      },
      size: {
        run: async (payload: unknown) =>
          (await (payload as { file: { text(): Promise<string> } }).file.text()).length,
      },
    });
  });
  after(async () => three[Symbol.asyncDispose]());

  test("each answers for any task by its id, and only its owner has it", async () => {
    for (const owner of NODES) {
      const task = idOf(owner);
      assert.equal(
        await three
          .client((owner % 3) + 1)
          .$.run("noted", { owner }, { task })
          .then((it) => (it as { owner: number }).owner),
        owner,
      );
      for (const node of NODES) {
        const view = await three.client(node).$.get(task);
        assert.deepEqual([view.state, view.result], ["done", { owner }]);
        assert.deepEqual(
          await three
            .client(node)
            .$.wait(task)
            .then(({ state }) => state),
          "done",
        );
        assert.equal((await three.client(node).$.explain(task)).reason, "final");
        const own = three.nodes[node]!.engine.local!.get(task);
        if (node === owner) assert.equal((await own).state, "done");
        else await assert.rejects(own, isCode("not_found"));
      }
    }
  });

  test("an id whose tag is no node's has one owner all the same: sent to all, it runs once", async () => {
    const task = idOf(700);
    const answers = await Promise.all(
      NODES.map((node) => three.client(node).$.run("noted", "strange", { task })),
    );
    assert.deepEqual(answers, ["strange", "strange", "strange"]);
    assert.equal(runs.filter((payload) => payload === "strange").length, 1);
  });

  test("a key has one owner: sent to all at once it is one task and one run, and another payload is a conflict everywhere", async () => {
    for (const owner of NODES) {
      const key = keyOf(owner, "order");
      const handles = await Promise.all(
        NODES.map((node) => three.client(node).$.submit("noted", `of ${key}`, { key })),
      );
      const tasks = new Set(handles.map(({ task }) => task));
      assert.equal(tasks.size, 1);
      assert.equal(idNodeTag(handles[0]!.task), owner);
      const results = await Promise.all(
        NODES.map((node) => three.client(node).$.run("noted", `of ${key}`, { key })),
      );
      assert.deepEqual(new Set(results), new Set([`of ${key}`]));
      assert.equal(runs.filter((payload) => payload === `of ${key}`).length, 1);
      for (const node of NODES)
        await assert.rejects(three.client(node).$.run("noted", "other", { key }), isCode("conflict"));
    }
  });

  test("who waits for a key's task through another node is told the task's own name", async () => {
    const key = keyOf(3, "named");
    using lines = await Lines.open(three.ports[1]!);
    const [first, second] = [
      await lines.askAll([{ action: "noted", payload: 1, options: { key } }]),
      await lines.askAll([{ action: "noted", payload: 1, options: { key, task: idOf(1) } }]),
    ];
    assert.equal(first[0]!.status, "done");
    assert.equal(idNodeTag(first[0]!.task!), 3);
    assert.equal(second[0]!.task, first[0]!.task);
  });

  test("what a task fails of, and what its owner refuses, comes back with its code", async () => {
    await assert.rejects(
      three.client(1).$.run("refuse", 1, { task: idOf(2), attempts: 1 }),
      isCode("task_error"),
    );
    await assert.rejects(three.client(1).$.run("nothing", 1, { task: idOf(2) }), isCode("unknown_action"));
    await assert.rejects(three.client(1).$.get(idOf(2)), isCode("not_found"));
  });

  test("a task is cancelled, tried again and deleted through another node", async () => {
    const handle = await three.client(1).$.submit("held", 1, { task: idOf(2) });
    assert.equal((await three.client(3).$.cancel(handle.task)).state, "cancelled");
    await assert.rejects(three.client(1).$.task(handle.task).result(), isCode("cancelled"));
    assert.deepEqual(await three.client(3).$.delete(handle.task), { task: handle.task, deleted: true });
    await assert.rejects(three.client(2).$.get(handle.task), isCode("not_found"));
  });

  test("a single task is watched through another node, to its end", async () => {
    release = Promise.withResolvers();
    const handle = await three.client(1).$.submit("held", 2, { task: idOf(2) });
    const states: string[] = [];
    for await (const event of three.client(3).$.watch({ task: handle.task })) {
      if (event.type === "state") states.push(event.state);
      release.resolve();
    }
    assert.equal(states.at(-1), "done");
    await assert.rejects(async () => {
      for await (const _ of three.client(3).$.watch({ task: idOf(2) })) assert.fail("an event of nothing");
    }, isCode("not_found"));
  });

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

  test("a blob put at one node is read at another, and by a task of a third", async () => {
    const text = "x".repeat(300_000);
    const blob = await three.client(1).$.blobs.put(text);
    const read = await new Response(await three.client(2).$.blobs.get(blob)).text();
    assert.equal(read, text);
    assert.equal(await three.client(1).$.run("size", { file: blob }, { task: idOf(3) }), text.length);
    assert.equal((await three.nodes[3]!.engine.local!.blobs.stat(blob.$blob)).bytes, text.length);
    await assert.rejects(three.client(2).$.blobs.get("0".repeat(64)), isCode("not_found"));
  });

  test("a large result comes through another node as it is", async () => {
    const value = Array.from({ length: 20_000 }, (_, n) => `line ${n}`);
    assert.deepEqual(await three.client(1).$.run("noted", value, { task: idOf(2) }), value);
  });

  test("tasks of this node go to its engine in the batch they came in, within the call", () => {
    const { engine } = three.nodes[1]!;
    const submissions: Submission[] = [
      { token: 1, action: "noted", payload: "1", options: null },
      { token: 2, action: "noted", payload: "2", options: { task: idOf(1) } },
    ];
    const seen: (readonly Submission[])[] = [];
    const local = engine.local!;
    // Hides the engine's own for a while.
    Object.defineProperty(local, "submit", {
      configurable: true,
      value: (given: readonly Submission[]) => void seen.push(given),
    });
    try {
      engine.submit(submissions, { answer() {} });
    } finally {
      Reflect.deleteProperty(local, "submit");
    }
    assert.equal(seen.length, 1);
    assert.equal(seen[0], submissions);
  });
});

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
