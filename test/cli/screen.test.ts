/** What a person reads: tables that fit, counts that make sense, words instead of codes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LineServer, Message, Peer } from "../client/line-server.ts";
import { openServer, runCli } from "./run-cli.ts";
import { TerminalRun } from "./run-in-terminal.ts";

const TASK = "019a0000-0000-7000-8000-000000000000";

function openTasks(more: object): Promise<LineServer> {
  const view = {
    task: TASK,
    state: "done",
    action: "an-action-with-a-rather-long-name",
    queue: "default",
    priority: "normal",
    attempt: 1,
    attempts: 1,
    losses: 0,
    createdAt: Date.now() - 2.2 * 86_400_000,
    ...more,
  };
  return openServer((message, peer) => {
    if (message.op === "list") answerWith(message, peer, { tasks: [view], next: null });
    if (message.op === "get") answerWith(message, peer, view);
    return message.op === "list" || message.op === "get";
  });
}

function answerWith({ id }: Message, peer: Peer, data: unknown): void {
  peer.send({ id, status: "ok", data });
}

test("a list fits the terminal: empty columns go and long names are cut, but never an id", async () => {
  await using server = await openTasks({ key: "order-2026-11-21-with-much-more-behind-it" });
  await using list = new TerminalRun(["list"], { server: server.url, columns: 80 });
  assert.equal(await list.ended(), 0);
  const lines = list.text.trim().split("\n");
  assert.equal(lines.length, 2, list.text);
  for (const line of lines) assert.ok(line.length <= 80, line);
  assert.match(lines[0]!, /^TASK +STATE +ACTION +QUEUE +TRY +AGE +KEY$/);
  assert.match(lines[1]!, new RegExp(`^${TASK}  done +an-\\S*…  def\\S* +1/1  2d 4h  ord\\S*…$`));
});

test("where the output goes elsewhere, a list is whole", async () => {
  await using server = await openTasks({});
  const { stdout } = await runCli(["list"], { server: server.url });
  assert.match(stdout, /^TASK .* KEY +ERROR\n.* an-action-with-a-rather-long-name +default/);
});

test("after a retry an attempt is a number, not two of one", async () => {
  await using server = await openTasks({ attempt: 2, attempts: 1 });
  const { stdout } = await runCli(["get", TASK], { server: server.url });
  assert.match(stdout, /^attempt {2}2$/m);
  const list = await runCli(["list"], { server: server.url });
  assert.match(list.stdout, /default +2 +2d 4h/);
  await using other = await openTasks({ attempt: 2, attempts: 3 });
  assert.match((await runCli(["get", TASK], { server: other.url })).stdout, /^attempt {2}2 of 3$/m);
});

test("how long an action takes is told as other durations are", async () => {
  const view = { queue: "default", priority: "normal", attempts: 1, timeoutMs: 300_000, isServed: true };
  const actions = [
    { ...view, action: "slow", meanRunMs: 2687.78 },
    { ...view, action: "quick", meanRunMs: 0.349 },
    { ...view, action: "new" },
  ];
  await using server = await openServer((message, peer) => {
    if (message.op === "actions") answerWith(message, peer, actions);
    return message.op === "actions";
  });
  const { stdout } = await runCli(["actions"], { server: server.url });
  assert.match(stdout, /^slow .* 5m +2\.7s$/m);
  assert.match(stdout, /^quick .* 5m +0\.3 ms$/m);
  assert.match(stdout, /^new .* 5m$/m);
});

test("what queues and actions did lately is told under its window, and nothing where there was nothing", async () => {
  const perSecond = { submitted: 1234.5, finished: 9.87, failed: 0.02 };
  const none = { submitted: 0, finished: 0, failed: 0 };
  const time = { p50: 1, p99: 2 };
  const queue = { mode: "open", counts: {}, waiting: 0, oldestAgeMs: null };
  const action = { queue: "default", priority: "normal", attempts: 1, timeoutMs: 300_000, isServed: true };
  const answers = new Map<unknown, unknown>([
    [
      "queues",
      [
        { ...queue, queue: "mail", perSecond },
        { ...queue, queue: "calm", perSecond: none },
      ],
    ],
    [
      "actions",
      [
        {
          ...action,
          action: "send",
          perSecond: { ...perSecond, failed: 0 },
          last10m: { finished: 14_302, failed: 300, startDelayMs: time, runMs: time },
        },
        { ...action, action: "of an older node" },
      ],
    ],
  ]);
  await using server = await openServer((message, peer) => {
    const answer = answers.get(message.op);
    if (answer !== undefined) answerWith(message, peer, answer);
    return answer !== undefined;
  });
  const queues = await runCli(["queues"], { server: server.url });
  assert.match(queues.stdout, /PER SECOND, LAST 10 S/);
  assert.match(queues.stdout, /^mail .* 1,235 in, 9\.9 finished, <0\.1 failed$/m);
  assert.match(queues.stdout, /^calm +open +0$/m);
  const actions = await runCli(["actions"], { server: server.url });
  assert.match(actions.stdout, /FINISHED, LAST 10 MIN/);
  assert.match(actions.stdout, /^send .* 1,235 in, 9\.9 finished +14,302, 2\.1 % failed$/m);
  assert.match(actions.stdout, /^of an older node .* 5m$/m);
});

test("of a cluster it is told which nodes did not answer, and where a queue's modes differ", async () => {
  const queue = { queue: "math", mode: "paused", counts: {}, waiting: 0, oldestAgeMs: null, missing: [2, 4] };
  const modes = [
    { node: 1, mode: "open" },
    { node: 3, mode: "paused" },
    { node: 5, mode: "open" },
  ];
  const node = { node: 1, pid: 77, version: "1.2.3", roles: ["gateway"], state: "ready", startedAt: 0 };
  const ready = { ...node, rssBytes: 1, connections: 1, listen: ["127.0.0.1:9001"] };
  const down = {
    ...ready,
    node: 2,
    pid: 0,
    version: "",
    roles: [],
    state: "down",
    listen: ["127.0.0.1:9002"],
  };
  const zero = { p50: 0, p99: 0 };
  const stats = {
    at: 0,
    uptimeMs: 1,
    counts: [],
    states: {},
    perSecond: { submitted: 0, finished: 0, failed: 0 },
    startDelayMs: zero,
    runMs: zero,
    inFlight: 0,
    inFlightBytes: 0,
    connections: 0,
    threads: { total: 1, busy: 0 },
    eventLoopLagMs: 0,
    storeBytes: 0,
    missing: [2],
  };
  const answers = new Map<unknown, unknown>([
    [
      "queues",
      [
        { ...queue, modes },
        { ...queue, queue: "other" },
      ],
    ],
    ["nodes", [ready, down]],
    ["stats", stats],
  ]);
  let pages = 2;
  await using server = await openServer((message, peer) => {
    const page = { tasks: [], next: --pages > 0 ? TASK : null, missing: [2] };
    const answer = message.op === "list" ? page : answers.get(message.op);
    if (answer !== undefined) answerWith(message, peer, answer);
    return answer !== undefined;
  });
  const run = (...words: string[]): ReturnType<typeof runCli> => runCli(words, { server: server.url });
  const queues = await run("queues");
  assert.match(queues.stdout, /^math +paused at 3, open at 1 and 5 +0/m);
  assert.match(queues.stdout, /^other +paused +0/m);
  assert.equal(queues.stderr, "Nodes 2 and 4 did not answer: what they hold is not shown.\n");
  const note = "Node 2 did not answer: what it holds is not shown.\n";
  const nodes = await run("nodes");
  assert.equal(nodes.stderr, note);
  assert.match(nodes.stdout, /^ +2 +down +127\.0\.0\.1:9002$/m);
  assert.match((await run("stats")).stderr, new RegExp(note));
  assert.equal((await run("list", "--all")).stderr.split(note).length, 2);
  assert.equal((await run("stats", "--json")).stderr, "");
});

test("a queue that nobody has used is told so, beside the answer", async () => {
  const view = { queue: "math", mode: "paused", counts: {}, waiting: 0, oldestAgeMs: null };
  await using server = await openServer((message, peer) => {
    if (message.op === "queues") answerWith(message, peer, [view]);
    else if (message.op === "pause") answerWith(message, peer, { ...view, queue: message["queue"] });
    else return false;
    return true;
  });
  const typo = await runCli(["queue", "pause", "mth"], { server: server.url });
  assert.deepEqual([typo.code, typo.stderr], [0, "Nobody has used the queue mth yet.\n"]);
  const known = await runCli(["queue", "pause", "math"], { server: server.url });
  assert.deepEqual([known.code, known.stderr], [0, ""]);
});

test("a file that is not there or cannot be written is told in words, before a task is sent", async () => {
  await using server = await openServer();
  for (const [args, said] of [
    [["@/nowhere/at/all"], /cannot read \/nowhere\/at\/all: it is not there/],
    [["x", "-o", "/nowhere/out"], /cannot write \/nowhere\/out: its folder is not there/],
    [["x", "-o", "/"], /cannot write \/: it is a folder/],
  ] as const) {
    const { code, stderr } = await runCli(["run", "upper", ...args], { server: server.url });
    assert.match(stderr, said);
    assert.doesNotMatch(stderr, /ENOENT/);
    assert.equal(code, 2);
  }
  assert.equal(server.tasks().length, 0);
});

test("JSON that does not parse is told as such when the action wants none of the text", async () => {
  await using server = await openServer((message, peer) => {
    if (message.action !== "words") return false;
    const error = { code: "invalid_input", message: "expected object, received string" };
    peer.send({ id: message.id, status: "failed", result: { ok: false, error } });
    return true;
  });
  const bad = await runCli(["run", "words", "{bad"], { server: server.url });
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /expected object.*\nThe payload went as a text, since it is not JSON: Expected/);
  const plain = await runCli(["run", "words", "good"], { server: server.url });
  assert.doesNotMatch(plain.stderr, /JSON/);
});
