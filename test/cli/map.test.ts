import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, type Message, type Peer } from "../client/line-server.ts";
import { openServer, runCli } from "./run-cli.ts";

test("results come out in the order of the lines, whatever order the answers have", async () => {
  const held: [Message, Peer][] = [];
  await using server = await openServer((message, peer) => {
    if (message.action === undefined) return false;
    held.push([message, peer]);
    // Backwards, ten at a time.
    if (held.length === 10) for (const [one, its] of held.splice(0).toReversed()) answer(one, its);
    return true;
  });
  const lines = Array.from({ length: 200 }, (_, n) => `line ${n}`);
  const { code, stdout, stderr } = await runCli(["map", "upper"], {
    server: server.url,
    input: lines.join("\n"),
  });
  assert.equal(stdout, `${lines.join("\n").toUpperCase()}\n`);
  assert.deepEqual([code, stderr], [0, ""]);
});

test("every line is a task: empty ones, those that look like JSON, those with a carriage return", async () => {
  await using server = await openServer();
  const { stdout } = await runCli(["map", "upper"], { server: server.url, input: 'a\r\n\n42\n{"b":1}\n' });
  assert.equal(stdout, 'A\n\n42\n{"B":1}\n');
  const echoed = await runCli(["map", "echo"], { server: server.url, input: '42\n{"b":1}\nplain\n' });
  assert.equal(echoed.stdout, '42\n{"b":1}\nplain\n');
  assert.deepEqual(
    server
      .tasks()
      .slice(-3)
      .map((message) => message.payload),
    [42, { b: 1 }, "plain"],
  );
});

test("a line that fails is told with its number, leaves its place empty, and the exit code is 1", async () => {
  await using server = await openServer((message, peer) => {
    if (message.payload !== "bad") return false;
    peer.send({
      id: message.id,
      status: "failed",
      result: { ok: false, error: { code: "invalid_input", message: "not so" } },
    });
    return true;
  });
  const input = "a\nbad\nc\nbad\n";
  const plain = await runCli(["map", "upper"], { server: server.url, input });
  assert.equal(plain.code, 1);
  assert.equal(plain.stdout, "A\n\nC\n\n");
  assert.equal(plain.stderr, "line 2: invalid_input: not so\nline 4: invalid_input: not so\n");
  const json = await runCli(["map", "upper", "--json-lines"], { server: server.url, input });
  assert.equal(json.code, 1);
  assert.deepEqual(
    json.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown),
    [
      { line: 1, status: "done", result: "A" },
      { line: 2, status: "failed", error: { code: "invalid_input", message: "not so" } },
      { line: 3, status: "done", result: "C" },
      { line: 4, status: "failed", error: { code: "invalid_input", message: "not so" } },
    ],
  );
});

test("no more lines are read than fit in the window, however many there are", async () => {
  const held: [Message, Peer][] = [];
  let produced = 0;
  let most = 0;
  await using server = await openServer((message, peer) => {
    if (message.action === undefined) return false;
    // The first is slow: all that come after it must wait, and only so many may.
    held.push([message, peer]);
    most = Math.max(most, held.length);
    if (held.length === 1 && server.tasks().length === 1) {
      setTimeout(() => {
        for (const [one, its] of held.splice(0)) answer(one, its);
      }, 300);
    } else if (server.tasks().length > 50) {
      for (const [one, its] of held.splice(0)) answer(one, its);
    }
    return true;
  });
  const text = "x".repeat(1000);
  async function* input(): AsyncGenerator<string> {
    for (let n = 0; n < 5000; n++) {
      produced++;
      yield `${text}\n`;
    }
  }
  const reading = runCli(["map", "upper", "--window", "50"], { server: server.url, input: input() });
  await new Promise((resolve) => setTimeout(resolve, 10));
  const { stdout, code } = await reading;
  assert.equal(code, 0);
  assert.equal(stdout.split("\n").length, 5001);
  assert.equal(produced, 5000);
  assert.ok(most <= 50, `${most} were under way`);
});

test("what is ready comes out while a later line is still to come", async () => {
  await using server = await openServer();
  let isSeen: () => void = () => undefined;
  const seen = new Promise<void>((resolve) => {
    isSeen = resolve;
  });
  await using watched = await openServer((message) => {
    if (message.payload === "first") setImmediate(isSeen);
    return false;
  });
  async function* input(): AsyncGenerator<string> {
    yield "first\n";
    await seen;
    yield "second\n";
  }
  const { stdout } = await runCli(["map", "upper"], { server: watched.url, input: input() });
  assert.equal(stdout, "FIRST\nSECOND\n");
  assert.equal(server.tasks().length, 0);
});

test("when the node refuses to let it in, it ends although its input goes on", async () => {
  await using server = await openServer((message, peer) => {
    if (message.action === undefined) return false;
    peer.send({
      id: message.id,
      status: "failed",
      result: { ok: false, error: { code: "unauthorized", message: "a token is needed" } },
    });
    return true;
  });
  let stop: () => void = () => undefined;
  const forever = new Promise<void>((resolve) => {
    stop = resolve;
  });
  async function* input(): AsyncGenerator<string> {
    yield "first\n";
    await forever;
  }
  const { code, stderr } = await runCli(["map", "upper"], { server: server.url, input: input() });
  stop();
  assert.equal(code, 3);
  assert.match(stderr, /unauthorized: a token is needed/);
});

test("an action that nobody knows is told once, before a line is read", async () => {
  await using server = await openServer();
  for (const input of ["a\nb\nc\n", ""]) {
    const { code, stdout, stderr } = await runCli(["map", "uper"], { server: server.url, input });
    assert.deepEqual([code, stdout], [1, ""]);
    assert.equal(stderr, 'error: unknown_action: There is no action "uper".\nDid you mean "upper"?\n');
  }
  assert.equal(server.tasks().length, 0);
});
