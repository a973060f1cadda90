/** Hazard 14: code in the pool that does its worst. It ends, and the node and all beside it go on. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { StatsView, TaskView } from "../../src/protocol/messages.ts";
import { Lines, type LineReply } from "./lines.ts";
import { startNodeProcess, type NodeProcess } from "./node-process.ts";
import { memoryGrowth } from "./peak-memory.ts";

const actions = new URL("./fixtures/hazards.ts", import.meta.url).pathname;
const THREADS = 2;

describe("hazard 14: a node with the worst of code in its pool", () => {
  let node: NodeProcess;
  let lines: Lines;
  before(async () => {
    node = await startNodeProcess(["--actions", actions, "--threads", String(THREADS), "--memory", "64MiB"]);
    lines = await Lines.open(node.port);
  });
  after(async () => {
    lines[Symbol.dispose]();
    await node[Symbol.asyncDispose]();
  });
  const code = (reply: LineReply): string | undefined => reply.result?.error?.code;
  const get = async (task: string): Promise<TaskView> =>
    (await lines.ask({ op: "get", task })).data as TaskView;
  const assertServes = async (): Promise<void> => {
    const replies = await lines.askAll(
      Array.from({ length: THREADS * 5 }, (_, n) => ({ action: "upper", payload: `n${n}` })),
    );
    for (const [n, reply] of replies.entries()) assert.equal(reply.result?.data, `N${n}`);
  };

  test("while every thread spins the node answers ops, stays ready and takes tasks; those run when the spinning is over", async () => {
    await assertServes();
    // HTTP is loaded behind the start, which takes its time where no core is left for it.
    await fetch(`http://127.0.0.1:${node.port}/readyz`);
    const spinning = Array.from({ length: THREADS }, () =>
      lines.ask({ action: "spin", options: { timeout: "3s" } }),
    );
    const behind = lines.askAll(
      Array.from({ length: 50 }, (_, n) => ({ action: "upper", payload: `b${n}` })),
    );
    const until = Date.now() + 2500;
    let asked = 0;
    while (Date.now() < until) {
      assert.equal(((await lines.ask({ op: "ping" })).data as { state: string }).state, "ready");
      const stats = (await lines.ask({ op: "stats" })).data as StatsView;
      assert.ok(stats.threads.total >= THREADS);
      assert.equal((await fetch(`http://127.0.0.1:${node.port}/readyz`)).status, 200);
      const queued = await lines.ask({ action: "upper", payload: "later", options: { wait: false } });
      assert.equal(queued.status, "queued");
      asked++;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.ok(asked > 5, `only ${asked} rounds of asking in 2.5 s`);
    for (const reply of await Promise.all(spinning)) assert.equal(code(reply), "timed_out");
    for (const [n, reply] of (await behind).entries()) assert.equal(reply.result?.data, `B${n}`);
  });

  for (const action of ["spin", "wait-for-nobody", "endless-timers", "starve-by-promises"]) {
    test(`${action} is stopped by its deadline and by a cancel, and beside it others finish`, async () => {
      const others = lines.askAll(
        Array.from({ length: 20 }, () => ({ action: "nap", payload: 50, options: {} })),
      );
      const late = await lines.ask({ action, options: { timeout: 300 } });
      assert.equal(code(late), "timed_out");
      const running = lines.ask({ action, options: { timeout: "1h", key: `cancel ${action}` } });
      const { task } = await lines.ask({
        action,
        options: { timeout: "1h", key: `cancel ${action}`, wait: false },
      });
      while ((await get(task!)).state !== "running") await new Promise((resolve) => setTimeout(resolve, 20));
      await lines.ask({ op: "cancel", task });
      assert.equal(code(await running), "cancelled");
      for (const reply of await others) assert.equal(reply.status, "done", JSON.stringify(reply));
      await assertServes();
    });
  }

  test("a segmentation fault ends one process and one task; those in hand beside it finish uncharged", async () => {
    const others = lines.askAll(
      Array.from({ length: 10 }, (_, n) => ({ action: "nap", payload: 100 + n, options: {} })),
    );
    const reply = await lines.ask({ action: "segfault", options: { losses: 1 } });
    assert.equal(code(reply), "crashed");
    for (const other of await others) {
      assert.equal(other.status, "done", JSON.stringify(other));
      assert.equal((await get(other.task!)).losses, 0);
    }
    await assertServes();
  });

  test("code that closes the descriptors of its process ends its own task alone", async () => {
    const others = lines.askAll(
      Array.from({ length: 10 }, (_, n) => ({ action: "nap", payload: 50 + n, options: {} })),
    );
    const reply = await lines.ask({ action: "close-descriptors", options: { timeout: "2s", losses: 1 } });
    assert.match(code(reply)!, /^(crashed|timed_out)$/);
    for (const other of await others) assert.equal(other.status, "done", JSON.stringify(other));
    await assertServes();
  });

  test("a handler that talks without end fills neither memory, nor row, nor log, and is heard", async (t) => {
    const before = node.log.length;
    const grown = await memoryGrowth(node, async () => {
      for (const action of ["shout", "print"]) {
        const reply = await lines.ask({ action, options: { timeout: "60s" } });
        assert.equal(reply.status, "done", JSON.stringify(reply));
        const view = await get(reply.task!);
        assert.ok(JSON.stringify(view).length < 2_000_000, "its row is too large");
        if (action === "shout") assert.ok((view.log?.length ?? 0) > 0, "nothing of it was kept");
      }
    });
    t.diagnostic(
      `${(grown / 1024 / 1024).toFixed(1)} MiB more memory, ${node.log.length - before} lines of log`,
    );
    assert.ok(grown < 300 * 1024 * 1024, `${grown} bytes more`);
    await assertServes();
  });

  test("whatever a handler throws or returns, it is a task's own failure that can be read", async () => {
    for (const kind of ["null", "undefined", "text", "circle", "proxy", "getter", "huge"]) {
      const reply = await lines.ask({ action: "throw-anything", payload: kind, options: { timeout: "5s" } });
      assert.equal(code(reply), "task_error", `${kind}: ${JSON.stringify(reply).slice(0, 200)}`);
      assert.ok(JSON.stringify(reply).length < 10_000);
      assert.equal((await get(reply.task!)).error?.code, "task_error");
    }
    for (const action of ["circular", "bigint"]) {
      const reply = await lines.ask({ action, options: { timeout: "5s" } });
      assert.equal(code(reply), "task_error", action);
    }
    await assertServes();
  });
});
