import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isTaskId } from "../../src/task/id.ts";
import { failed, LineServer } from "../client/line-server.ts";
import { openServer, runCli } from "./run-cli.ts";

test("run prints the result: a text as it stands, anything else as JSON", async () => {
  await using server = await openServer();
  assert.deepEqual(await runCli(["run", "upper", "hola"], { server: server.url }), {
    code: 0,
    stdout: "HOLA\n",
    stderr: "",
  });
  const { stdout } = await runCli(["run", "echo", '{"a":[1,2]}'], { server: server.url });
  assert.equal(stdout, '{"a":[1,2]}\n');
});

test("a payload that parses as JSON is JSON, unless the action takes text", async () => {
  await using server = await openServer();
  await runCli(["run", "echo", "42"], { server: server.url });
  await runCli(["run", "echo", "forty two"], { server: server.url });
  await runCli(["run", "upper", "42"], { server: server.url });
  await runCli(["run", "echo", "--", "-5"], { server: server.url });
  await runCli(["run", "echo"], { server: server.url });
  const payloads = server.tasks().map((message) => message.payload);
  assert.deepEqual(payloads, [42, "forty two", "42", -5, undefined]);
});

test("a payload may come from a file or standard input, and a result go to a file", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tanda-cli-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const input = join(folder, "in.json");
  const output = join(folder, "out.txt");
  writeFileSync(input, '{"a":"ñ"}\n');
  await using server = await openServer();
  const ran = await runCli(["run", "echo", `@${input}`, "-o", output], { server: server.url });
  assert.deepEqual(ran, { code: 0, stdout: "", stderr: "" });
  assert.equal(readFileSync(output, "utf8"), '{"a":"ñ"}');
  const piped = await runCli(["run", "upper", "-"], { server: server.url, input: "two\nlines\n" });
  assert.equal(piped.stdout, "TWO\nLINES\n");
  const gone = await runCli(["run", "echo", `@${join(folder, "none")}`], { server: server.url });
  assert.equal(gone.code, 2);
  assert.match(gone.stderr, /cannot read .*none/);
});

test("the exit code is the task's outcome, also as JSON", async () => {
  await using server = await openServer((message, peer) => {
    const { action } = message;
    if (action === undefined || !["cancelled", "expired", "bad_request", "unknown_action"].includes(action))
      return false;
    peer.send(failed(message, action, "because", { hint: "Do otherwise." }));
    return true;
  });
  for (const [action, expected] of [
    ["upper", 0],
    ["fail", 1],
    ["unknown_action", 1],
    ["bad_request", 2],
    ["cancelled", 4],
    ["expired", 5],
  ] as const) {
    const ran = await runCli(["run", action, "x", "--json"], { server: server.url });
    assert.equal(ran.code, expected, action);
    const told = JSON.parse(ran.stdout) as { task: string; status: string; error?: { code: string } };
    assert.ok(isTaskId(told.task));
    assert.equal(told.status, expected === 0 ? "done" : "failed");
    if (expected > 1) assert.equal(told.error?.code, action);
  }
  const plain = await runCli(["run", "expired"], { server: server.url });
  assert.equal(plain.stdout, "");
  assert.equal(plain.stderr, "error: expired: because\nDo otherwise.\n");
});

test("a server that is not there is exit code 3, with a word on what to do", async () => {
  const gone = await LineServer.tcp();
  await gone.close();
  const ran = await runCli(["run", "upper", "hola", "--server", gone.url]);
  assert.equal(ran.code, 3);
  assert.match(ran.stderr, /tanda serve/);
  const json = await runCli(["stats", "--json"], { server: gone.url });
  assert.equal(json.code, 3);
  assert.equal((JSON.parse(json.stdout) as { error: { code: string } }).error.code, "unavailable");
});

test("waiting ends after --wait-for with exit code 6; the task goes on unless --cancel-on-timeout", async () => {
  await using server = await openServer((message) => message.action === "never");
  const args = ["run", "never", "1", "--wait-for", "200ms"];
  assert.equal((await runCli(args, { server: server.url })).code, 6);
  assert.ok(!server.received.some((message) => message.op === "cancel"));
  assert.equal((await runCli([...args, "--cancel-on-timeout"], { server: server.url })).code, 6);
  const cancel = server.received.find((message) => message.op === "cancel");
  assert.equal(cancel?.task, server.tasks()[1]!.options!.task);
});

test("options reach the node as the wire has them", async () => {
  await using server = await openServer();
  const flags =
    "--queue math --priority high --delay 10s --attempts 3 --timeout 500 --key 7 --run-at 2030-01-01T00:00:00Z";
  const ran = await runCli(["submit", "upper", "x", ...flags.split(" ")], { server: server.url });
  const { task, ...options } = server.tasks()[0]!.options!;
  assert.equal(ran.stdout, `${task}\n`);
  assert.deepEqual(options, {
    queue: "math",
    priority: "high",
    delay: "10s",
    runAt: "2030-01-01T00:00:00Z",
    attempts: 3,
    timeout: 500,
    key: "7",
    wait: false,
  });
});

test("the token is given by flag or environment", async () => {
  await using server = await openServer((message, peer) => {
    if (message.op !== "auth") return false;
    if (message.token === "right") peer.send({ id: message.id, status: "ok", data: {} });
    else peer.send(failed(message, "unauthorized", "wrong token"));
    return true;
  });
  const { url } = server;
  assert.equal((await runCli(["run", "upper", "x", "--token", "right"], { server: url })).stdout, "X\n");
  assert.equal(
    (await runCli(["run", "upper", "x"], { server: url, env: { TANDA_TOKEN: "right" } })).stdout,
    "X\n",
  );
  assert.equal((await runCli(["run", "upper", "x", "--token", "no"], { server: url })).code, 3);
});

test("cancel, retry and delete go on after a refusal, and its code is the exit code", async () => {
  await using server = await openServer((message, peer) => {
    if (message.op !== "cancel") return false;
    if (message.task === "b") peer.send(failed(message, "not_found", "no such task"));
    else peer.send({ id: message.id, status: "ok", data: { task: message.task, state: "cancelled" } });
    return true;
  });
  const ran = await runCli(["cancel", "a", "b", "c"], { server: server.url });
  assert.deepEqual(ran, {
    code: 1,
    stdout: "a  cancelled\nc  cancelled\n",
    stderr: "b  error: not_found: no such task\n",
  });
  const json = await runCli(["cancel", "a", "b", "--json"], { server: server.url });
  const lines = json.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { task: string; state?: string });
  assert.deepEqual(
    lines.map((line) => [line.task, line.state]),
    [
      ["a", "cancelled"],
      ["b", undefined],
    ],
  );
});

test("watch of one task shows each event and exits with its outcome", async () => {
  await using server = await openServer((message, peer) => {
    if (message.op !== "watch") return false;
    const base = { at: 0, task: "t", action: "resize", queue: "default", attempt: 1 };
    const view = { error: { code: "task_error", message: "broken" } };
    for (const data of [
      { ...base, type: "state", state: "running" },
      { type: "progress", at: 0, task: "t", attempt: 1, progress: 50 },
      { type: "log", at: 0, task: "t", attempt: 1, level: "info", text: "half-way" },
      { ...base, type: "state", state: "failed", view },
    ]) {
      peer.send({ id: message.id, status: "event", data });
    }
    return true;
  });
  const { code, stdout } = await runCli(["watch", "t"], { server: server.url });
  assert.equal(code, 1);
  assert.deepEqual(
    stdout
      .trim()
      .split("\n")
      .map((line) => line.split(/\s+/).slice(2).join(" ")),
    ["resize running", "progress 50", "info half-way", "resize failed task_error: broken"],
  );
});

test("list --all follows the cursors to the end", async () => {
  await using server = await openServer((message, peer) => {
    if (message.op !== "list") return false;
    const at = Number(message["cursor"] ?? 0);
    const tasks = [
      {
        task: `t${at}`,
        state: "done",
        action: "upper",
        queue: "default",
        attempt: 1,
        attempts: 1,
        createdAt: 0,
      },
    ];
    peer.send({ id: message.id, status: "ok", data: { tasks, next: at < 2 ? String(at + 1) : null } });
    return true;
  });
  const all = await runCli(["list", "--all", "--json", "--state", "done"], { server: server.url });
  assert.deepEqual(
    all.stdout
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { task: string }).task),
    ["t0", "t1", "t2"],
  );
  const one = await runCli(["list"], { server: server.url });
  assert.match(one.stdout, /TASK .*STATE .*ACTION/);
  assert.match(one.stderr, /--cursor 1/);
  assert.equal(server.received.filter((message) => message["state"] === "done").length, 3);
});

test("bench measures and says it as JSON", async () => {
  await using server = await openServer();
  const { code, stdout } = await runCli(
    ["bench", "-n", "500", "--window", "50", "--clients", "2", "--json"],
    {
      server: server.url,
    },
  );
  assert.equal(code, 0);
  const record = JSON.parse(stdout) as {
    tasks: number;
    perSecond: number;
    latencyMs: { p50: number; max: number };
  };
  assert.equal(record.tasks, 500);
  assert.ok(record.perSecond > 0 && record.latencyMs.p50 > 0 && record.latencyMs.max >= record.latencyMs.p50);
  assert.equal(server.tasks().length, 500);
});

test("doctor says what is good, and of what is not, what to do", async () => {
  let state = "ready";
  let peer = "ready";
  let mode = "open";
  let worker = "running";
  await using server = await openServer((message, client) => {
    const answers = new Map<unknown, unknown>([
      ["ping", { state }],
      ["stats", { at: Date.now() }],
      [
        "nodes",
        ["ready", peer].map((is, at) => ({ node: at + 1, state: is, listen: [`10.0.0.${at + 1}:9000`] })),
      ],
      ["queues", [{ queue: "math", mode, waiting: 7 }]],
      ["workers", [1, 2].map((node) => ({ worker: `${node}`, node, state: node === 1 ? worker : peer }))],
    ]);
    const data = answers.get(message.op);
    if (data !== undefined) client.send({ id: message.id, status: "ok", data });
    return data !== undefined;
  });
  const good = await runCli(["doctor"], { server: server.url });
  assert.equal(good.code, 0, good.stdout);
  for (const check of ["node", "disk", "connection", "round trip", "ready", "nodes", "queues", "clock"]) {
    assert.match(good.stdout, new RegExp(`. ${check}: `));
  }
  [peer, mode, worker] = ["down", "paused", "draining"];
  const partly = await runCli(["doctor"], { server: server.url });
  assert.equal(partly.code, 0, "the node that was asked is well");
  assert.match(partly.stdout, /^! nodes: node 2 \(10\.0\.0\.2:9000\) is down; of 2\n +Start it again/m);
  assert.match(partly.stdout, /^! queues: math is paused \(7 wait\)\n.*tanda queue resume math$/m);
  assert.match(partly.stdout, /^! workers: worker 1 is drained: .*\n.*tanda workers resume 1$/m);
  assert.doesNotMatch(partly.stdout, /All is well/);
  peer = "draining";
  assert.match((await runCli(["doctor"], { server: server.url })).stdout, /is draining; of 2\n.*on purpose/);
  assert.doesNotMatch((await runCli(["doctor"], { server: server.url })).stdout, /worker 2/);
  state = "not_ready";
  const ill = await runCli(["doctor", "--json"], { server: server.url });
  assert.equal(ill.code, 1);
  const findings = JSON.parse(ill.stdout) as { check: string; verdict: string; next?: string }[];
  assert.equal(findings.find((one) => one.check === "ready")?.verdict, "bad");
  state = "draining";
  const leaving = await runCli(["doctor"], { server: server.url });
  assert.equal(leaving.code, 3);
  assert.match(
    leaving.stdout,
    /connection: .*: it is draining\n +It is stopping, on purpose: ask another node/,
  );
  const gone = await LineServer.tcp();
  await gone.close();
  const none = await runCli(["doctor"], { server: gone.url });
  assert.equal(none.code, 3);
  assert.match(none.stdout, /Start one: npx tanda serve/);
});
