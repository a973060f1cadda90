/** A node inside somebody's program. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { z } from "zod";
import { connect, defineActions, startNode, TandaError } from "../../src/index.ts";

const actions = defineActions({
  greet: {
    input: z.object({ name: z.string() }),
    run: ({ name }) => `hello ${name}`,
  },
  flaky: {
    attempts: 3,
    backoff: { type: "fixed", delay: 5 },
    run: (_payload: unknown, { attempt }) => {
      if (attempt < 3) throw new Error("not yet");
      return attempt;
    },
  },
  slow: {
    timeout: 100,
    run: (_payload: unknown, { signal }) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener("abort", () => reject(new Error("told to stop"))),
      ),
  },
  counting: {
    run: async (_payload: unknown, { progress, log }) => {
      for (let step = 1; step <= 3; step++) {
        progress(step);
        log(`step ${step}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return "counted";
    },
  },
});

describe("a node inside a program", () => {
  test("runs typed actions right here, keeps nothing and leaves nothing", async (t) => {
    // A folder of this test's own, since others use the machine's beside it.
    const dir = await mkdtemp(join(tmpdir(), "library-tmp-"));
    const usual = process.env["TMPDIR"];
    process.env["TMPDIR"] = dir;
    t.after(() => {
      if (usual === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = usual;
      return rm(dir, { recursive: true, force: true });
    });
    const began = performance.now();
    {
      await using node = await startNode<typeof actions>({ data: ":memory:", actions });
      t.diagnostic(`started in ${(performance.now() - began).toFixed(1)} ms`);
      assert.equal(await node.client.greet({ name: "Ada" }), "hello Ada");
      assert.equal(await node.client.flaky(null), 3);
    }
    assert.deepEqual(readdirSync(dir), []);
  });

  test("waits for an answer for as long as it is told, be it longer than a timer can", async () => {
    await using node = await startNode<typeof actions>({
      data: ":memory:",
      actions,
      listen: ["127.0.0.1:0"],
    });
    await using remote = connect<typeof actions>(`tanda://127.0.0.1:${node.addresses[0]!.port}`);
    for (const client of [node.client, remote])
      assert.equal(await client.counting(null, { callTimeout: "30d" }), "counted");
  });

  test("gives the same refusals as a node elsewhere", async () => {
    await using node = await startNode<typeof actions>({
      data: ":memory:",
      actions,
      listen: ["127.0.0.1:0"],
    });
    await using remote = connect<typeof actions>(`tanda://127.0.0.1:${node.addresses[0]!.port}`);
    for (const client of [node.client, remote]) {
      await assert.rejects(client.$.run("greet", { name: 7 }), { code: "invalid_input", path: "name" });
      await assert.rejects(client.$.run("nothing", null), { code: "unknown_action" });
      await assert.rejects(client.slow(null), { code: "timed_out" });
      await assert.rejects(client.$.get("nonsense"), { code: "bad_request" });
      for (const options of [{ priority: "urgent" }, { prio: 1 }, { key: "k".repeat(201) }, { queue: "ñ" }]) {
        await assert.rejects(client.$.run("greet", { name: "x" }, options as never), { code: "bad_request" });
      }
      await assert.rejects(client.$.run("greet", { name: 7n }), { code: "bad_request" });
      await assert.rejects(
        client.$.run("greet", () => "x"),
        { code: "bad_request" },
      );
    }
  });

  test("submits, waits, watches and cancels like a node elsewhere", async () => {
    await using node = await startNode<typeof actions>({ data: ":memory:", actions });
    const handle = await node.client.counting.submit(null, { delay: "20ms" });
    assert.equal(handle.status, "scheduled");
    const kinds: string[] = [];
    for await (const event of handle.watch()) kinds.push(event.type === "state" ? event.state : event.type);
    assert.equal(await handle.result(), "counted");
    assert.deepEqual(new Set(kinds), new Set(["scheduled", "queued", "running", "progress", "log", "done"]));

    const later = await node.client.greet.submit({ name: "x" }, { delay: "1h" });
    assert.equal((await later.cancel()).state, "cancelled");
    await assert.rejects(later.result(), { code: "cancelled" });
  });

  test("lets a call be aborted, and cancels the task only when asked to", async () => {
    await using node = await startNode<typeof actions>({ data: ":memory:", actions });
    const controller = new AbortController();
    const call = node.client.$.run(
      "greet",
      { name: "x" },
      { delay: "1h", signal: controller.signal, key: "kept" },
    );
    setTimeout(() => controller.abort(), 20);
    await assert.rejects(call, { name: "AbortError" });
    const { tasks } = await node.client.$.list({ prefix: "kept" });
    assert.equal(tasks[0]?.state, "scheduled");
    const other = node.client.$.run(
      "greet",
      { name: "x" },
      { delay: "1h", key: "gone", callTimeout: 20, cancelOnAbort: true },
    );
    await assert.rejects(other, { name: "TimeoutError" });
    for (;;) {
      const page = await node.client.$.list({ prefix: "gone" });
      if (page.tasks[0]?.state === "cancelled") break;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });

  test("keeps tasks over a stop when it has a folder, which no second node may use", async () => {
    const data = await mkdtemp(join(tmpdir(), "library-data-"));
    try {
      let task: string;
      {
        await using node = await startNode({ data, threads: 1 });
        await assert.rejects(startNode({ data, threads: 1 }), (error: TandaError) => {
          assert.equal(error.code, "conflict");
          assert.match(error.message, new RegExp(String(process.pid)));
          return true;
        });
        await node.client.$.pause("default");
        task = (await node.client.$.submit("upper", "kept")).task;
      }
      await using again = await startNode({ data, threads: 1 });
      assert.equal((await again.client.$.get(task)).state, "queued");
      await again.client.$.resume("default");
      assert.equal((await again.client.$.wait(task)).result, "KEPT");
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  });

  test("says what is wrong with its options", async () => {
    await assert.rejects(startNode({ data: ":memory:", actions: "./no-such-file.ts" }), /no-such-file/);
    await assert.rejects(startNode({ data: ":memory:", listen: ["0.0.0.0:0"], actions }), {
      code: "bad_request",
    });
  });
});
