/** Handlers that misbehave in a real node: they end as they should, and nobody beside them pays. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, describe, test, type TestContext } from "node:test";
import type { TaskView, WorkerView } from "../../src/protocol/messages.ts";
import { Lines, type LineReply } from "./lines.ts";
import { startNodeProcess, type NodeProcess } from "./node-process.ts";

const actions = new URL("./fixtures/actions.ts", import.meta.url).pathname;

describe("a node whose handlers misbehave", () => {
  let node: NodeProcess;
  let lines: Lines;
  before(async () => {
    node = await startNodeProcess(["--actions", actions, "--threads", "2", "--memory", "64MiB"]);
    lines = await Lines.open(node.port);
  });
  after(async () => {
    lines[Symbol.dispose]();
    await node[Symbol.asyncDispose]();
  });
  const code = (reply: LineReply): string | undefined => reply.result?.error?.code;
  const get = async (task: string): Promise<TaskView> =>
    (await lines.ask({ op: "get", task })).data as TaskView;

  /** Neighbours in threads' hands while the bad one runs: they wait long enough to be there when it ends. */
  const neighbours = (count: number): Promise<LineReply[]> =>
    lines.askAll(
      Array.from({ length: count }, (_, n) => ({ action: "patient", payload: 100 + n, options: {} })),
    );

  const assertUnharmed = async (replies: readonly LineReply[]): Promise<void> => {
    for (const reply of replies) assert.equal(reply.status, "done", JSON.stringify(reply));
    for (const reply of replies) assert.equal((await get(reply.task!)).losses, 0, "a neighbour was charged");
  };

  test("an endless loop is over at its deadline, and a thousand others finish as if nothing had happened", async (t: TestContext) => {
    await lines.ask({ action: "upper", payload: "warm" });
    const began = performance.now();
    const spinning = lines.ask({ action: "spin", payload: null, options: { timeout: 200 } });
    const others = lines.askAll(
      Array.from({ length: 1000 }, (_, n) => ({ action: "upper", payload: `n${n}`, options: {} })),
    );
    const reply = await spinning;
    const overdueMs = performance.now() - began - 200;
    assert.equal(code(reply), "timed_out");
    const replies = await others;
    for (const [n, other] of replies.entries()) assert.equal(other.result?.data, `N${n}`);
    for (const other of replies.slice(0, 50)) assert.deepEqual((await get(other.task!)).history ?? [], []);
    t.diagnostic(`told ${overdueMs.toFixed(1)} ms after the deadline`);
    assert.ok(overdueMs < 1000);
    const began2 = performance.now();
    await lines.askAll(Array.from({ length: 2 }, () => ({ action: "nap", payload: 1 })));
    t.diagnostic(`both slots answered ${(performance.now() - began2).toFixed(1)} ms later`);
  });

  test("a blocked native call ends at its deadline too", async (t: TestContext) => {
    const others = neighbours(20);
    const began = performance.now();
    const reply = await lines.ask({ action: "blocked", payload: null, options: { timeout: 300 } });
    assert.equal(code(reply), "timed_out");
    t.diagnostic(`told ${(performance.now() - began - 300).toFixed(1)} ms after the deadline`);
    assert.ok(performance.now() - began < 3000);
    await assertUnharmed(await others);
  });

  for (const [action, expected] of [
    ["grow-arrays", "out_of_memory"],
    ["grow", "out_of_memory"],
    ["grow-string", "out_of_memory"],
    ["grow-buffers", "out_of_memory"],
    ["exit", "crashed"],
    ["throw-later", "crashed"],
    ["abort", "crashed"],
  ] as const) {
    test(`${action} ends as ${expected}; two hundred in hand beside it finish, uncharged`, async () => {
      const others = neighbours(200);
      const reply = await lines.ask({ action, payload: null, options: { timeout: "60s" } });
      assert.equal(code(reply), expected, JSON.stringify(reply));
      await assertUnharmed(await others);
      assert.equal((await lines.ask({ action: "upper", payload: "alive" })).result?.data, "ALIVE");
    });
  }

  test("a task that always kills its process runs out of losses, and the node lives on", async () => {
    const reply = await lines.ask({ action: "abort", payload: null, options: { losses: 2, attempts: 5 } });
    assert.equal(code(reply), "crashed");
    const view = await get(reply.task!);
    assert.equal(view.losses, 2);
    assert.equal((await lines.ask({ op: "ping" })).status, "ok");
  });

  test("kill -9 of the node leaves no process behind, though a thread spins", async () => {
    await lines.ask({ action: "spin", payload: null, options: { wait: false, timeout: "1h" } });
    const workers = (await lines.ask({ op: "workers" })).data as WorkerView[];
    const pids = [...workers.map((worker) => worker.pid), ...childrenOf(node.pid)].filter((pid) => pid > 0);
    assert.ok(pids.length > 0);
    await node.kill("SIGKILL");
    const until = Date.now() + 5000;
    while (pids.some(isAlive) && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(pids.filter(isAlive), []);
  });
});

function childrenOf(parent: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/stat`, "utf8").split(") ")[1]?.split(" ")[1] === String(parent);
      } catch {
        return false;
      }
    })
    .map(Number);
}

function isAlive(pid: number): boolean {
  try {
    const state = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.[0];
    return state !== "Z" && state !== "X";
  } catch {
    return false;
  }
}
