import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { TandaError } from "../../src/task/errors.ts";
import { idNodeTag } from "../../src/task/id.ts";
import type { Submission } from "../../src/engine/engine.ts";
import { Lines } from "../e2e/lines.ts";
import { startThree, type ThreeNodes } from "./three-nodes.ts";
import { idOf, keyOf, NODES } from "./owned.ts";

const isCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof TandaError && error.code === code;

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
