/** What a node promises, through the wire, with real threads. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createIdMaker } from "../../src/task/id.ts";
import type { Explanation, QueueView, TaskView } from "../../src/protocol/messages.ts";
import { Lines } from "./lines.ts";
import { startNodeProcess, type NodeProcess } from "./node-process.ts";

const actions = new URL("./fixtures/actions.ts", import.meta.url).pathname;
const makeId = createIdMaker(1, Date.now, Math.random);

describe("a node", () => {
  let node: NodeProcess;
  let lines: Lines;
  before(async () => {
    node = await startNodeProcess(["--actions", actions, "--threads", "2"]);
    lines = await Lines.open(node.port);
  });
  after(async () => {
    lines[Symbol.dispose]();
    await node[Symbol.asyncDispose]();
  });
  const run = (action: string, payload: unknown, options?: object) =>
    lines.ask({ action, payload, ...(options ? { options } : {}) });
  const get = async (task: string): Promise<TaskView> =>
    (await lines.ask({ op: "get", task })).data as TaskView;
  const until = async (task: string, state: string): Promise<TaskView> => {
    for (;;) {
      const view = await get(task);
      if (view.state === state) return view;
      assert.ok(
        !["done", "failed", "cancelled", "expired"].includes(view.state),
        `is ${view.state}, not ${state}`,
      );
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const submit = async (action: string, payload: unknown, options: object = {}): Promise<string> =>
    (await run(action, payload, { wait: false, ...options })).task!;

  test("answers the built-in actions", async () => {
    const expected: [string, unknown, unknown][] = [
      ["echo", { a: [1, null, "x"] }, { a: [1, null, "x"] }],
      ["upper", "hola", "HOLA"],
      ["reverse", "añb😀", "😀bña"],
      ["count", "añ😀", 3],
      ["letters", "a1 ñ-b😀", 3],
      ["average", [1, 2, 6], 3],
      ["fib", 10, 55],
    ];
    for (const [action, payload, data] of expected) {
      assert.deepEqual((await run(action, payload)).result, { ok: true, data }, action);
    }
  });

  test("answers a bare request with exactly these bytes", async () => {
    const before = lines.raw.length;
    await lines.ask({ action: "upper", payload: "hola" });
    const id = (JSON.parse(lines.raw[before]!) as { id: number }).id;
    assert.equal(lines.raw[before], `{"id":${id},"status":"done","result":{"ok":true,"data":"HOLA"}}`);
  });

  test("refuses input that does not fit the schema, with the path, and does not try again", async () => {
    const reply = await run("resize", { url: "x", size: { width: "wide" } }, { attempts: 3, backoff: 10 });
    assert.equal(reply.result?.error?.code, "invalid_input");
    assert.match(JSON.stringify(reply.result?.error), /size\.width/);
    assert.equal((await get(reply.task!)).attempt, 1);
  });

  test("tries again what failed, as often as it may, and tells every attempt", async () => {
    const reply = await run(
      "flaky",
      { failures: 2, name: makeId() },
      { attempts: 3, backoff: { type: "fixed", delay: 20 } },
    );
    assert.deepEqual(reply.result, { ok: true, data: { attempt: 3 } });
    const view = await get(reply.task!);
    assert.equal(view.attempt, 3);
    assert.deepEqual(
      view.history?.map((record) => record.code),
      ["task_error", "task_error"],
    );
    const spent = await run("flaky", { failures: 9, name: makeId() }, { attempts: 2, backoff: 10 });
    assert.equal(spent.result?.error?.code, "task_error");
  });

  test("starts a delayed task when it is due, not before", async () => {
    const began = Date.now();
    const reply = await run("upper", "later", { wait: false, delay: "300ms" });
    assert.equal(reply.status, "scheduled");
    const why = (await lines.ask({ op: "explain", task: reply.task })).data as Explanation;
    assert.equal(why.reason, "not_due");
    assert.equal((await lines.ask({ op: "wait", task: reply.task })).result?.data, "LATER");
    assert.ok(Date.now() - began >= 290);
  });

  test("a repeat with the same id or key gets the same task; with another payload it is a conflict", async () => {
    const task = makeId();
    const first = await run("count-runs", task, { task });
    assert.deepEqual((await run("count-runs", task, { task, again: true })).result, first.result);
    assert.deepEqual((await run("count-runs", task, { task })).result, first.result);
    assert.equal((await run("count-runs", "other", { task, again: true })).result?.error?.code, "conflict");
    assert.equal((await run("upper", "other", { task })).result?.error?.code, "conflict");

    const key = `order-${makeId()}`;
    const [one, two] = await Promise.all([run("count-runs", key, { key }), run("count-runs", key, { key })]);
    assert.equal(one.task, two.task);
    assert.deepEqual(one.result, { ok: true, data: 1 });
    assert.deepEqual(two.result, one.result);
    const named = await run("count-runs", key, { key, task: makeId() });
    assert.equal(named.task, one.task, "the key decides and the reply names the task");
    assert.equal((await run("count-runs", "other", { key })).result?.error?.code, "conflict");
  });

  test("cancels in every state that is not final", async () => {
    const cancel = async (task: string) => lines.ask({ op: "cancel", task });
    const scheduled = await submit("upper", "x", { delay: "1h" });
    assert.equal(((await cancel(scheduled)).data as TaskView).state, "cancelled");

    await lines.ask({ op: "pause", queue: "held" });
    const queued = await submit("upper", "x", { queue: "held" });
    const waiting = lines.ask({ op: "wait", task: queued });
    assert.equal(((await cancel(queued)).data as TaskView).state, "cancelled");
    assert.equal((await waiting).result?.error?.code, "cancelled");
    await lines.ask({ op: "resume", queue: "held" });

    const spinning = await submit("spin", null);
    await until(spinning, "running");
    assert.equal(((await cancel(spinning)).data as TaskView).state, "cancelled");

    const retrying = await submit("flaky", { failures: 9, name: makeId() }, { attempts: 5, backoff: "1h" });
    await until(retrying, "retrying");
    assert.equal(((await cancel(retrying)).data as TaskView).state, "cancelled");

    const done = await run("upper", "x", {});
    assert.equal((await cancel(done.task!)).result?.error?.code, "conflict");
    assert.equal((await cancel(scheduled)).status, "ok", "a second cancel says the same");
    assert.equal((await cancel(makeId())).result?.error?.code, "not_found");
  });

  test("tries a failed task again when a person says so, and deletes only what is final", async () => {
    const name = makeId();
    const reply = await run("flaky", { failures: 1, name }, {});
    assert.equal(reply.result?.error?.code, "task_error");
    await lines.ask({ op: "retry", task: reply.task });
    assert.deepEqual((await lines.ask({ op: "wait", task: reply.task })).result?.data, { attempt: 2 });
    const later = await submit("upper", "x", { delay: "1h" });
    assert.equal((await lines.ask({ op: "delete", task: later })).result?.error?.code, "conflict");
    assert.equal((await lines.ask({ op: "delete", task: reply.task })).status, "ok");
    assert.equal((await lines.ask({ op: "get", task: reply.task })).result?.error?.code, "not_found");
  });

  test("does not start what came too late", async () => {
    await lines.ask({ op: "pause", queue: "late" });
    const reply = await run("upper", "x", { queue: "late", expires: "100ms" });
    assert.equal(reply.result?.error?.code, "expired");
    assert.equal((await get(reply.task!)).state, "expired");
    await lines.ask({ op: "resume", queue: "late" });
  });

  test("pauses, drains and purges a queue, and says so", async () => {
    await lines.ask({ op: "pause", queue: "mail" });
    const tasks = await Promise.all(Array.from({ length: 5 }, () => submit("upper", "x", { queue: "mail" })));
    const why = (await lines.ask({ op: "explain", task: tasks[0] })).data as Explanation;
    assert.equal(why.reason, "paused");
    const queues = (await lines.ask({ op: "queues" })).data as QueueView[];
    const mail = queues.find((queue) => queue.queue === "mail")!;
    assert.equal(mail.mode, "paused");
    assert.equal(mail.waiting, 5);
    const purged = (await lines.ask({ op: "purge", queue: "mail" })).data as { cancelled: number };
    assert.equal(purged.cancelled, 5);
    await lines.ask({ op: "drain", queue: "mail" });
    const refused = await run("upper", "x", { queue: "mail" });
    assert.equal(refused.result?.error?.code, "busy");
    assert.ok((refused.result?.error?.retryAfterMs ?? 0) > 0);
    await lines.ask({ op: "resume", queue: "mail" });
    assert.equal((await run("upper", "x", { queue: "mail" })).result?.data, "X");
  });

  test("starts a high priority before a backlog of low ones", async () => {
    await lines.ask({ op: "pause", queue: "line" });
    const low = await Promise.all(
      Array.from({ length: 50 }, () => submit("nap", 5, { queue: "line", priority: "low" })),
    );
    const high = await submit("nap", 5, { queue: "line", priority: "high" });
    await lines.ask({ op: "resume", queue: "line" });
    const first = (await lines.ask({ op: "wait", task: high })) && (await get(high));
    await Promise.all(low.map((task) => lines.ask({ op: "wait", task })));
    const startedBefore = (await Promise.all(low.map(get))).filter(
      (view) => view.startedAt! < first.startedAt!,
    ).length;
    assert.ok(startedBefore <= 6, `${startedBefore} low ones started before the high one`);
  });

  test("runs no more tasks of an action at once than its concurrency, and interleaves those that wait", async () => {
    const one = await Promise.all(Array.from({ length: 4 }, () => run("alone", null)));
    assert.deepEqual(
      one.map((reply) => reply.result?.data),
      [1, 1, 1, 1],
    );
    const began = Date.now();
    await Promise.all(Array.from({ length: 40 }, () => run("patient", 200)));
    assert.ok(Date.now() - began < 4000, "forty that wait 200 ms each did not wait beside each other");
  });

  test("streams states, progress and logs to who watches", async () => {
    const events: { type: string; state?: string; progress?: unknown; text?: string }[] = [];
    lines.onReply = (reply) => {
      if (reply.status === "event") events.push(reply.data as (typeof events)[number]);
    };
    const task = makeId();
    const running = run("talkative", 3, { task });
    await until(task, "running");
    await lines.ask({ op: "watch", task });
    await running;
    assert.deepEqual(
      events
        .filter(({ type }) => type === "progress")
        .map(({ progress }) => progress)
        .at(-1),
      3,
    );
    assert.ok(events.some(({ type, text }) => type === "log" && text?.includes("step")));
    assert.equal(events.at(-1)?.state, "done");
    const view = await get(task);
    assert.equal(view.progress, 3);
    assert.equal(view.log?.length, 3);
  });

  test("carries large payloads and results whole up to the line limit, and beyond it as links", async () => {
    const large = "x".repeat(200_000);
    const whole = await run("echo", large, {});
    assert.equal(whole.result?.data, large);
    const view = await get(whole.task!);
    assert.equal((view.payload as { bytes: number }).bytes, large.length + 2);
    assert.match((view.result as { $blob: string }).$blob, /^[0-9a-f]{64}$/);
    const link = (await run("repeat", 3_000_000)).result?.data as { $blob: string; bytes: number };
    assert.equal(link.bytes, 3_000_002);
    const response = await fetch(`http://127.0.0.1:${node.port}/v1/blobs/${link.$blob}`);
    assert.equal((await response.text()).length, 3_000_002);
  });

  test("hands a blob of a payload to the handler as a stream or file", async () => {
    const bytes = Buffer.from("one\ntwo\nthree\n");
    const put = await fetch(`http://127.0.0.1:${node.port}/v1/blobs`, { method: "PUT", body: bytes });
    const blob = (await put.json()) as { $blob: string; bytes: number };
    assert.equal(blob.bytes, bytes.length);
    assert.deepEqual((await run("measure", { file: blob })).result?.data, {
      stream: bytes.length,
      file: bytes.length,
      lines: 3,
    });
  });

  test("lists newest first, by filter and page", async () => {
    const queue = "pages";
    const tasks = [];
    for (let n = 0; n < 7; n++) tasks.push(await submit("upper", "x", { queue }));
    await Promise.all(tasks.map((task) => lines.ask({ op: "wait", task })));
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = (await lines.ask({ op: "list", queue, limit: 3, ...(cursor ? { cursor } : {}) })).data as {
        tasks: TaskView[];
        next: string | null;
      };
      seen.push(...page.tasks.map((view) => view.task));
      cursor = page.next;
    } while (cursor);
    assert.deepEqual(seen, tasks.toReversed());
  });
});
