/** Hazards 3, 4 and 11: values that are too deep, too wide, or named and written so that a careless program obeys them. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import type { QueueView, TaskView } from "../../src/protocol/messages.ts";
import { talk } from "../gateway/open-gateway.ts";
import { Lines, type LineReply } from "./lines.ts";
import { startNodeProcess, type NodeProcess } from "./node-process.ts";

const actions = new URL("./fixtures/hazards.ts", import.meta.url).pathname;
const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
const wide = (keys: number): string => `{${Array.from({ length: keys }, (_, i) => `"k${i}":0`).join()}}`;
const TRAPS =
  '{"__proto__":{"polluted":1,"isAdmin":true},"constructor":{"prototype":{"polluted":1}},"toString":1,"hasOwnProperty":null}';
const NAMES = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf"];

describe("a node that is sent hostile values", () => {
  let node: NodeProcess;
  let lines: Lines;
  let url: string;
  before(async () => {
    node = await startNodeProcess(["--actions", actions, "--threads", "2"]);
    lines = await Lines.open(node.port);
    url = `http://127.0.0.1:${node.port}`;
  });
  after(async () => {
    lines[Symbol.dispose]();
    await node[Symbol.asyncDispose]();
  });
  const code = (reply: LineReply): string | undefined => reply.result?.error?.code;
  const get = async (task: string): Promise<TaskView> =>
    (await lines.ask({ op: "get", task })).data as TaskView;
  const post = async (path: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(url + path, { method: "POST", body, headers: { "content-type": "application/json", ...headers } });
  const assertAlive = async (): Promise<void> => {
    assert.equal((await lines.ask({ action: "upper", payload: "alive" })).result?.data, "ALIVE");
    const { inherited } = (await lines.ask({ action: "inspect", payload: {} })).result!.data as {
      inherited: string[];
    };
    assert.deepEqual(inherited, []);
  };

  test("hazard 3: what is too deep or too wide is refused at every door before it reaches a thread", async (t) => {
    for (const value of [
      nested(65),
      nested(10_000),
      nested(400_000),
      wide(10_001),
      nested(400_000).slice(0, 400_000),
    ]) {
      for (const line of [
        `{"id":1,"action":"echo","payload":${value}}`,
        `{"action":"echo","id":${value}}`,
        `{"id":1,"action":"echo","options":${value}}`,
        `{"id":1,"op":"get","task":${value}}`,
        `echo ${value}`,
      ]) {
        assert.match(await talk(t, node.port, `${line}\n`), /too_large/, line.slice(0, 60));
      }
      const body = `{"action":"echo","payload":${value}}`;
      assert.equal((await post("/v1/tasks", body)).status, 413);
      const bulk = await post("/v1/tasks/bulk", `{"tasks":[${body}]}`);
      assert.match(await bulk.text(), /too_large/);
    }
    const socket = new WebSocket(`ws://127.0.0.1:${node.port}/v1/socket`);
    await once(socket, "open");
    socket.send(`{"id":1,"action":"echo","payload":${nested(100_000)}}`);
    const [message] = (await once(socket, "message")) as [MessageEvent];
    assert.match(String(message.data), /"id":1,.*too_large/);
    socket.close();
    await assertAlive();
  });

  test("the deepest and widest that are let in go through thread and store and come back whole", async () => {
    for (const text of [nested(60), wide(9000), `[${'{"a":'.repeat(60)}1${"}".repeat(60)}]`]) {
      const payload = JSON.parse(text) as unknown;
      const reply = await lines.ask({ action: "echo", payload, options: {} });
      assert.equal(JSON.stringify(reply.result?.data), text);
      const view = await get(reply.task!);
      if (text.length < 10_000)
        assert.equal(JSON.stringify([view.payload, view.result]), `[${text},${text}]`);
      assert.equal(await (await fetch(`${url}/v1/tasks/${reply.task}/result`)).text(), text);
    }
  });

  test("what a handler tells deeper than any client may harms nobody", async () => {
    for (const depth of [5000, 500_000]) {
      for (const action of ["nest", "nested-progress", "nested-error"]) {
        const reply = await lines.ask({ action, payload: depth, options: {} });
        assert.ok(
          reply.status === "done" || code(reply) === "task_error",
          `${action} ${depth}: ${reply.status}`, // the reply itself may be too deep to be shown
        );
        const view = await fetch(`${url}/v1/tasks/${reply.task}`);
        assert.equal(view.status, 200);
        assert.match(await view.text(), /"state":"(done|failed)"/);
      }
    }
    await assertAlive();
  });

  test("numbers that JavaScript cannot keep are refused, never changed into null or another task's id", async (t) => {
    for (const line of [
      '{"action":"echo","payload":1e400}',
      '{"action":"echo","payload":{"a":[1,-1e999]}}',
      '{"id":1e400,"action":"echo"}',
      '{"id":9007199254740993,"action":"echo"}',
      '{"id":[{"a":-9007199254740993}],"action":"echo"}',
      '{"action":"echo","options":{"delay":1e400}}',
      '{"action":"echo","options":{"attempts":1e400}}',
      "echo 1e400",
      "echo [1,1e999]",
    ]) {
      assert.match(await talk(t, node.port, `${line}\n`), /bad_request/, line);
    }
    assert.equal((await post("/v1/tasks", '{"action":"echo","payload":1e400}')).status, 400);
    assert.match(
      await (await post("/v1/tasks/bulk", '{"tasks":[{"action":"echo","payload":1e400}]}')).text(),
      /bad_request/,
    );
    assert.equal(await talk(t, node.port, "upper 1e400\n"), "1E400\n", "to who takes text it is a text");
    assert.equal(
      await talk(t, node.port, '{"id":9007199254740991,"action":"echo","payload":1e308}\n'),
      '{"id":9007199254740991,"status":"done","result":{"ok":true,"data":1e+308}}\n',
    );
  });

  test("half characters, zeros and line breaks in texts come back as they were", async () => {
    for (const text of ["\ud800", "a\udc00b", "\0", "a\0b", "\r\n\u2028", "\ufffe\uffff", "\u202e"]) {
      const reply = await lines.ask({ action: "echo", payload: { [text]: text }, options: {} });
      assert.deepEqual(reply.result?.data, { [text]: text });
      const view = await get(reply.task!);
      assert.deepEqual([view.payload, view.result], [{ [text]: text }, { [text]: text }]);
    }
  });

  test("two keys are never taken for one, however alike a store may find them", async () => {
    for (const [one, other] of [
      ["k\ud800", "k\ud801"],
      ["k\udfff", "k\ufffd"],
      ["z\0a", "z\0b"],
      ["z", "z\0"],
      ["caf\u00e9", "cafe\u0301"],
      ["Case", "case"],
      ["1", "1.0"],
      ["blank", "blank "],
    ] as const) {
      const [first, second] = await lines.askAll(
        [one, other].map((key) => ({ action: "echo", payload: "same", options: { key } })),
      );
      const both = `${JSON.stringify(one)} and ${JSON.stringify(other)}`;
      for (const reply of [first!, second!]) {
        assert.ok(
          reply.status === "done" || code(reply) === "bad_request",
          `${both}: ${JSON.stringify(reply)}`,
        );
      }
      if (first!.status === "done" && second!.status === "done")
        assert.notEqual(first!.task, second!.task, both);
    }
  });

  test("hazard 4: keys like __proto__ pass through thread, store and every view untouched, and change nothing", async (t) => {
    const reply = await lines.ask({ action: "echo", payload: JSON.parse(TRAPS), options: {} });
    assert.equal(JSON.stringify(reply.result?.data), TRAPS);
    const raw = await (await fetch(`${url}/v1/tasks/${reply.task}`)).text();
    assert.equal(raw.split(TRAPS).length, 3, "payload and result");
    const seen = (await lines.ask({ action: "inspect", payload: JSON.parse(TRAPS) })).result!.data;
    assert.deepEqual(seen, {
      keys: ["__proto__", "constructor", "toString", "hasOwnProperty"],
      isPlain: true,
      inherited: [],
    });
    const marked = `{"__proto__":{"$blob":"${"0".repeat(64)}"}}`;
    assert.match(
      await talk(t, node.port, `{"action":"echo","payload":${marked}}\n`),
      /"code":"invalid_input"/,
    );
    await assertAlive();
  });

  test("hazard 4: names that every object has name nothing: no action, op, option, field, filter or path", async (t) => {
    for (const name of NAMES) {
      assert.equal(code(await lines.ask({ action: name })), "unknown_action", name);
      assert.equal(code(await lines.ask({ op: name })), "bad_request", name);
      for (const request of [
        `{"action":"echo","options":{"${name}":{"polluted":1}}}`,
        `{"action":"echo","options":{"backoff":{"${name}":1}}}`,
        `{"action":"echo","${name}":{}}`,
        `{"op":"list","${name}":{}}`,
        `{"op":"list","state":"${name}"}`,
        `{"action":"echo","options":{"priority":"${name}"}}`,
      ]) {
        assert.match(await talk(t, node.port, `${request}\n`), /bad_request/, request);
      }
      assert.match(await talk(t, node.port, `${name} x\n`), /^error: unknown_action/);
      assert.equal((await fetch(`${url}/v1/tasks/${name}`)).status, 404);
      assert.equal((await fetch(`${url}/v1/blobs/${name}`)).status, 404);
      assert.equal((await fetch(`${url}/v1/tasks?${name}=1`)).status, 400);
      assert.equal((await post("/v1/tasks", `{"action":"echo","${name}":{"polluted":1}}`)).status, 400);
    }
    await assertAlive();
  });

  test("queues and keys may have such names, and are like any other", async () => {
    for (const queue of ["constructor", "toString", "hasOwnProperty"]) {
      await lines.ask({ op: "pause", queue });
      const waiting = await lines.ask({
        action: "upper",
        payload: queue,
        options: { queue, key: queue, wait: false },
      });
      const views = (await lines.ask({ op: "queues" })).data as QueueView[];
      assert.deepEqual(
        views.filter((view) => view.queue === queue).map(({ mode, waiting: n }) => [mode, n]),
        [["paused", 1]],
      );
      await lines.ask({ op: "resume", queue });
      assert.equal((await lines.ask({ op: "wait", task: waiting.task })).result?.data, queue.toUpperCase());
    }
    const first = await lines.ask({ action: "echo", payload: 1, options: { key: "__proto__" } });
    const again = await lines.ask({ action: "echo", payload: 1, options: { key: "__proto__" } });
    assert.equal(first.status, "done");
    assert.equal(again.task, first.task);
    assert.match(await (await fetch(`${url}/metrics`)).text(), /queue="constructor"/);
  });

  test("hazard 11: a name is looked up, never loaded or run: no path, module or code is an action", async () => {
    for (const name of [
      "./hazards.ts",
      actions,
      `file://${actions}`,
      "node:child_process",
      "../../../etc/passwd",
      "data:text/javascript,export default {x:{run(){}}}",
      "process.exit(1)",
      "echo; exit",
      "$(id)",
      "`id`",
      "echo\r\nupper x",
    ]) {
      assert.equal(
        code(await lines.ask({ action: name, payload: "process.exit(1)" })),
        "unknown_action",
        name,
      );
    }
    for (const text of [
      "process.exit(1)",
      "(() => { throw 1 })()",
      "${process.exit(1)}",
      '{"$function":"process.exit(1)"}',
      "'; DROP TABLE task; --",
    ]) {
      assert.equal(
        (await lines.ask({ action: "echo", payload: text, options: { key: text } })).result?.data,
        text,
      );
    }
    const page = (await lines.ask({ op: "list", prefix: "%' OR 1=1 --" })).data as { tasks: unknown[] };
    assert.deepEqual(page?.tasks ?? [], []);
    await assertAlive();
  });

  test("a link to a blob is an id, never a path to a file", async () => {
    for (const $blob of [
      "../../../../../../etc/passwd",
      "/etc/passwd",
      "..",
      "",
      "A".repeat(64),
      "../".repeat(20) + "a".repeat(4),
      7,
      null,
      {},
    ]) {
      const reply = await lines.ask({ action: "read-blob", payload: { file: { $blob } } });
      assert.equal(code(reply), "invalid_input", JSON.stringify($blob));
      assert.match(reply.result!.error!.message, /^file: .* is not a blob's id$/);
    }
    const missing = await lines.ask({ action: "read-blob", payload: { file: { $blob: "0".repeat(64) } } });
    assert.equal(code(missing), "invalid_input");
    for (const path of [
      "..%2f..%2f..%2fetc%2fpasswd",
      "%2e%2e%2ftanda.db",
      `${"0".repeat(64)}%00`,
      "..%5c..%5cx",
    ]) {
      assert.equal((await fetch(`${url}/v1/blobs/${path}`)).status, 404, path);
    }
  });
});
