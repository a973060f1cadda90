import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "../../src/client/client.ts";
import { answer, failed, LineServer, type Message, type Peer } from "./line-server.ts";
import { until } from "../until.ts";

test("all calls of one turn go out in one write", async () => {
  await using server = await LineServer.tcp();
  await using tanda = connect(server.url);
  await tanda.$.open();
  server.reads.length = 0;
  await Promise.all(Array.from({ length: 50 }, (_, n) => tanda.upper(`n${n}`)));
  assert.equal(server.reads.length, 1);
  assert.equal(server.reads[0]!.split("\n").length, 51);
});

test("at most a thousand tasks are in flight, short ops pass them, and the rest follow", async () => {
  const held: [Message, Peer][] = [];
  await using server = await LineServer.tcp((message, peer) => {
    if (message.action === undefined) return false;
    held.push([message, peer]);
    return true;
  });
  await using tanda = connect(server.url);
  const calls = Array.from({ length: 1500 }, (_, n) => tanda.upper(`n${n}`));
  await until(() => held.length >= 1000);
  await tanda.$.stats();
  assert.equal(held.length, 1000);
  for (const [message, peer] of held.splice(0)) answer(message, peer);
  await until(() => held.length === 500);
  for (const [message, peer] of held) answer(message, peer);
  assert.equal((await Promise.all(calls))[1499], "N1499");
});

test("a request refused as busy is sent again when its time has come, and then succeeds", async () => {
  const times: number[] = [];
  await using server = await LineServer.tcp((message, peer) => {
    if (message.action === undefined) return false;
    times.push(Date.now());
    if (times.length > 2) return false;
    peer.send(failed(message, times.length === 1 ? "busy" : "unavailable", "not now", { retryAfterMs: 40 }));
    return true;
  });
  await using tanda = connect(server.url);
  assert.equal(await tanda.upper("late"), "LATE");
  assert.equal(times.length, 3);
  assert.ok(times[1]! - times[0]! >= 35 && times[2]! - times[1]! >= 35, "it waited as it was told");
  const [first, second, third] = server.tasks().map((message) => message.options!);
  assert.equal(first!.task, third!.task);
  // After `busy` nothing was accepted; after `unavailable` it may have been.
  assert.equal(second!.again, undefined);
  assert.equal(third!.again, true);
});

test("a call that takes too long rejects with a TimeoutError, also while it is refused as busy, and the task goes on", async () => {
  await using server = await LineServer.tcp((message, peer) => {
    if (message.action === "never") return true;
    if (message.action === "full") peer.send(failed(message, "busy", "full", { retryAfterMs: 10 }));
    return message.action === "full";
  });
  await using tanda = connect(server.url);
  await assert.rejects(tanda.$.run("never", 1, { callTimeout: 60 }), { name: "TimeoutError" });
  await assert.rejects(tanda.$.run("full", 1, { callTimeout: "60ms" }), { name: "TimeoutError" });
  assert.equal(await tanda.upper("on"), "ON");
  assert.ok(!server.received.some((message) => message.op === "cancel"));
  assert.equal(server.tasks()[0]!.options!["callTimeout"], undefined);
});

test("an aborted call rejects with the signal's reason; with cancelOnAbort its task is cancelled", async () => {
  await using server = await LineServer.tcp((message) => message.action === "never");
  await using tanda = connect(server.url);
  const reason = new Error("enough");
  const early = AbortSignal.abort(reason);
  await assert.rejects(tanda.$.run("never", 1, { signal: early }), reason);
  assert.equal(server.tasks().length, 0);
  const controller = new AbortController();
  const call = tanda.$.run("never", 1, { signal: controller.signal, cancelOnAbort: true });
  await until(() => server.tasks().length === 1);
  controller.abort(reason);
  await assert.rejects(call, reason);
  await until(() => server.received.some((message) => message.op === "cancel"));
  assert.equal(server.received.at(-1)!.task, server.tasks()[0]!.options!.task);
});

test("a submit answers with a handle that waits, looks and cancels", async () => {
  await using server = await LineServer.tcp((message, peer) => {
    if (message.op !== "wait") return false;
    peer.send({ id: message.id, task: message.task, status: "done", result: { ok: true, data: "LATER" } });
    return true;
  });
  await using tanda = connect(server.url);
  const handle = await tanda.upper.submit("later", { delay: "5m", key: "k" });
  const { options } = server.tasks()[0]!;
  assert.deepEqual({ ...options, task: "" }, { task: "", delay: "5m", key: "k", wait: false });
  assert.equal(handle.status, "queued");
  assert.equal(handle.task, options!.task);
  assert.equal(await handle.result(), "LATER");
  assert.deepEqual(await handle.cancel(), { op: "cancel", task: handle.task });
  assert.deepEqual(await handle.wait(), { op: "get", task: handle.task });
});

test("a payload that JSON cannot say, or that no line can carry, is refused before it is sent", async () => {
  await using server = await LineServer.tcp();
  await using tanda = connect(server.url);
  await assert.rejects(tanda.$.run("echo", 1n), { code: "bad_request" });
  await assert.rejects(tanda.$.run("echo", "x".repeat(17 * 2 ** 20)), { code: "too_large" });
  await assert.rejects(tanda.$.run("echo", 1, { task: "mine" }), { code: "bad_request" });
  assert.equal(server.received.length, 0);
});

test("a client is no promise, and names that JavaScript asks for are no actions", async () => {
  await using server = await LineServer.tcp();
  const tanda = await Promise.resolve(connect(server.url));
  assert.equal(await tanda.upper("x"), "X");
  assert.equal((tanda as unknown as { toJSON?: unknown }).toJSON, undefined);
  assert.equal(await tanda.$.run("then", "x"), "X");
  await tanda.$.close();
});

test("large answers that come in many reads, with letters of several bytes, are whole", async () => {
  await using server = await LineServer.tcp();
  await using tanda = connect(server.url);
  const text = "ñandú 🐦 ".repeat(50_000);
  const [a, b] = await Promise.all([tanda.$.run("echo", [text]), tanda.$.run("echo", [text, 1])]);
  assert.deepEqual(a, [text]);
  assert.deepEqual(b, [text, 1]);
});
