/** What a person sees at a terminal while the answer is still to come. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { failed, type Handler } from "../client/line-server.ts";
import { openServer, runCli } from "./run-cli.ts";
import { CTRL_C, TerminalRun } from "./run-in-terminal.ts";
import { until } from "../until.ts";

/** Never answers the task; tells this when asked why. */
function explaining(told: object): Handler {
  return (message, peer) => {
    if (message.op === "explain") peer.send({ id: message.id, status: "ok", data: told });
    return message.action === "never" || message.op === "wait" || message.op === "explain";
  };
}
const UNSERVED = explaining({
  reason: "not_served",
  text: "Nobody serves the action never now; it waits for a worker that does.",
});

test("run tells at a terminal why the task does not run, and after Ctrl+C that it goes on", async () => {
  await using server = await openServer(UNSERVED);
  await using run = new TerminalRun(["run", "never"], { server: server.url });
  await run.see(/Task [\da-f-]{36}: Nobody serves the action never now; it waits for a worker that does\./);
  await run.see(/Ctrl\+C stops waiting; the task goes on\./);
  run.type(CTRL_C);
  const { task } = server.tasks()[0]!.options!;
  await run.see(new RegExp(`Task ${task} goes on: .tanda wait ${task}. waits again, .tanda cancel ${task}.`));
  assert.equal(await run.ended(), 130);
  assert.ok(!server.received.some((message) => message.op === "cancel"));
});

test("a task that runs is told to be under way, by wait too", async () => {
  await using server = await openServer(
    explaining({ reason: "running", text: "It has been running for 1.2s, attempt 1." }),
  );
  await using wait = new TerminalRun(["wait", "0199"], { server: server.url });
  await wait.see(/Task 0199 is under way\. Ctrl\+C stops waiting; the task goes on\./);
});

/** Does not do this op as long as there is a reason, and then as the server of tests. */
function refusing(op: string, reason: () => [code: string, text: string] | null): Handler {
  return (message, peer) => {
    if (message.op === "queues") peer.send({ id: message.id, status: "ok", data: [] });
    const told = message.op === op ? reason() : null;
    if (told !== null) peer.send(failed(message, ...told, { retryAfterMs: 100 }));
    return message.op === "queues" || told !== null;
  };
}
const DOWN = "Node 2 could not be told to pause default.";

test("what is refused for now and asked again is told at a terminal: once, and again when the reason is another", async () => {
  let reason: [string, string] | null = ["unavailable", DOWN];
  await using server = await openServer(refusing("pause", () => reason));
  await using pause = new TerminalRun(["queue", "pause", "default"], { server: server.url });
  await pause.see(/Refused for now, unavailable: Node 2 could not be told to pause default\./);
  await pause.see(/It is asked again until it is done; Ctrl\+C stops waiting\./);
  const asked = server.received.length;
  await until(() => server.received.length > asked + 4);
  reason = ["busy", "Too much is asked at once."];
  await pause.see(/Refused for now, busy: Too much is asked at once\./);
  reason = null;
  await pause.ended();
  assert.equal(pause.text.split("Refused for now").length, 3, pause.text);
});

test("Ctrl+C ends what is asked again, and a task that nobody can tell of is not said to go on", async () => {
  const explain = refusing("explain", () => ["unavailable", "Node 2 does not answer."]);
  const wait = refusing("wait", () => ["unavailable", "Node 2 does not answer."]);
  await using server = await openServer((...given) => explain(...given) || wait(...given));
  await using run = new TerminalRun(["wait", "0199"], { server: server.url });
  await run.see(/Refused for now, unavailable: Node 2 does not answer\./);
  // As long as it takes until why is not asked any more.
  await until(() => server.received.filter(({ op }) => op === "wait").length > 55);
  assert.doesNotMatch(run.text, /Task 0199/);
  assert.equal(run.text.split("Refused for now").length, 2, run.text);
  run.type(CTRL_C);
  assert.equal(await run.ended(), 130);
});

test("what is refused for a moment is not told, and never where no person looks", async () => {
  let refusals = 3;
  await using server = await openServer(
    refusing("pause", () => (refusals-- > 0 ? ["unavailable", DOWN] : null)),
  );
  await using pause = new TerminalRun(["queue", "pause", "default"], { server: server.url });
  await pause.ended();
  assert.doesNotMatch(pause.text, /Refused/);
  for (const more of [[], ["--json"]]) {
    refusals = 20;
    const { stderr } = await runCli(["queue", "pause", "default", ...more], { server: server.url });
    assert.doesNotMatch(stderr, /Refused/);
    assert.ok(refusals < 0);
  }
});

test("where no person looks nothing is said, and nothing asked", async () => {
  await using server = await openServer(UNSERVED);
  const ran = await runCli(["run", "never", "--wait-for", "1500ms"], { server: server.url });
  assert.equal(ran.code, 6);
  assert.match(ran.stderr, /^error: No answer within 1500 ms; task [\da-f-]{36} goes on\.\n$/);
  assert.ok(!server.received.some((message) => message.op === "explain"));
});

test("the end of the waiting is no failure: as JSON the task is pending, and its id is a field", async () => {
  await using server = await openServer(UNSERVED);
  const ran = await runCli(["run", "never", "--wait-for", "100ms", "--json"], { server: server.url });
  assert.equal(ran.code, 6);
  const told = JSON.parse(ran.stdout) as { task: string; status: string; error: { code: string } };
  assert.equal(told.task, server.tasks()[0]!.options!.task);
  assert.deepEqual([told.status, told.error.code], ["pending", "call_timed_out"]);
  const wait = await runCli(["wait", "0199", "--wait-for", "100ms", "--json"], { server: server.url });
  assert.deepEqual((({ task, status }) => [task, status])(JSON.parse(wait.stdout)), ["0199", "pending"]);
});

test("watch says at a terminal that it watches", async () => {
  await using server = await openServer((message) => message.op === "watch");
  await using watch = new TerminalRun(["watch"], { server: server.url });
  await watch.see(/Watching; Ctrl\+C ends\./);
  await using ending = await openEnding();
  const piped = await runCli(["watch", "t"], { server: ending.url });
  assert.equal(piped.stderr, "");
});

/** Its only task is over at once. */
async function openEnding(): ReturnType<typeof openServer> {
  return openServer((message, peer) => {
    if (message.op !== "watch") return false;
    const event = {
      type: "state",
      at: 0,
      task: "t",
      action: "a",
      queue: "default",
      attempt: 1,
      state: "done",
    };
    peer.send({ id: message.id, status: "event", data: event });
    return true;
  });
}
