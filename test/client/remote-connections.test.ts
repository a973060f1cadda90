import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { test } from "node:test";
import { connect, TandaError } from "../../src/client/client.ts";
import { answer, failed, LineServer } from "./line-server.ts";
import { until } from "../until.ts";

test("ops that only read are asked again after a break; one that might do harm twice is told as unknown", async () => {
  await using server = await LineServer.tcp((message, peer) => {
    if (message.op === undefined || message.op === "ping" || peer.number > 0) return false;
    if (message.op === "purge") setTimeout(() => peer.cut(), 10);
    return true;
  });
  await using tanda = connect(server.url);
  const get = tanda.$.get("t");
  await assert.rejects(tanda.$.purge("q"), { code: "unavailable" });
  assert.deepEqual(await get, { op: "get", task: "t" });
  assert.equal(server.received.filter((message) => message.op === "purge").length, 1);
});

test("a connection on which nothing comes, also when asked, is replaced", async () => {
  await using server = await LineServer.tcp((message, peer) => {
    // The first greets and then is silent, as behind a cable that was pulled.
    return peer.number === 0 && (message.action !== undefined || server.tasks().length > 0);
  });
  await using tanda = connect(server.url, { deadAfter: 200 });
  assert.equal(await tanda.upper("alive"), "ALIVE");
  assert.equal(server.peers.length, 2);
  const silent = server.received.filter((message) => message.op === "ping").length;
  assert.equal(silent, 3, "greeted, asked, greeted the second");
});

test("of several addresses the next is tried when one refuses", async () => {
  const gone = await LineServer.tcp();
  const { port } = gone;
  await gone.close();
  await using server = await LineServer.tcp();
  await using tanda = connect(`tanda://127.0.0.1:${port},127.0.0.1:${server.port}`);
  assert.equal(await tanda.upper("here"), "HERE");
});

test("a draining node is passed by for another", async () => {
  await using draining = await LineServer.tcp((message, peer) => {
    peer.send({ id: message.id, status: "ok", data: { state: "draining" } });
    return true;
  });
  await using server = await LineServer.tcp();
  await using tanda = connect(`${draining.url},${server.url}`);
  assert.equal(await tanda.upper("here"), "HERE");
  assert.equal(draining.tasks().length, 0);
});

test("while no node can be reached calls wait as long as reconnectFor says, then fail as unavailable", async () => {
  const gone = await LineServer.tcp();
  await gone.close();
  await using tanda = connect(gone.url, { reconnectFor: 150 });
  await assert.rejects(tanda.upper("hola"), { name: "TandaError", code: "unavailable" });
  await assert.rejects(tanda.$.open(), { code: "unavailable" });
});

test("calls made while the node is away are answered when it is back", async () => {
  const first = await LineServer.tcp();
  const { port } = first;
  await using tanda = connect(first.url);
  assert.equal(await tanda.upper("a"), "A");
  await first.close();
  const call = tanda.upper("b");
  await delay(100);
  await using _second = await LineServer.tcp(undefined, port);
  assert.equal(await call, "B");
});

test("each call ends once with its answer through a node that dies again and again", async () => {
  const results = new Map<string, string>();
  let runs = 0;
  await using server = await LineServer.tcp((message, peer) => {
    const task = message.options?.task;
    if (task === undefined) return false;
    // What was recorded is told again; a new one is recorded, and its answer may be lost.
    const recorded = results.get(task) ?? `${String(message.payload)}#${++runs}`;
    results.set(task, recorded);
    if (runs % 50 === 0 && message.options?.again === undefined) peer.cut();
    else peer.send({ id: message.id, task, status: "done", result: { ok: true, data: recorded } });
    return true;
  });
  await using tanda = connect(server.url);
  const answers: string[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < 400) {
      const n = next++;
      answers[n] = await tanda.upper(`n${n}`);
    }
  };
  await Promise.all(Array.from({ length: 10 }, lane));
  assert.ok(server.peers.length > 3, "it died often enough");
  assert.equal(runs, 400, "none ran twice");
  assert.deepEqual(new Set(answers), new Set(results.values()));
  for (const [at, text] of answers.entries()) assert.ok(text.startsWith(`n${at}#`), text);
});

test("the token is said first, and a wrong one rejects all that waits without trying again", async () => {
  await using server = await LineServer.tcp((message, peer) => {
    if (message.op !== "auth") return false;
    if (message.token === "right") peer.send({ id: message.id, status: "ok", data: {} });
    else peer.send(failed(message, "unauthorized", "wrong token"));
    return true;
  });
  await using good = connect(server.url, { token: "right" });
  assert.equal(await good.upper("in"), "IN");
  assert.equal(server.received[0]!.op, "auth");
  await using bad = connect(server.url, { token: "wrong" });
  await assert.rejects(bad.upper("out"), { code: "unauthorized" });
  assert.equal(server.peers.length, 2);
});

test("a server that does not speak Tanda is left, and said so", async () => {
  const { createServer } = await import("node:net");
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", () => socket.write("SSH-2.0-OpenSSH\r\n"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const tanda = connect(`tanda://127.0.0.1:${port}`, { reconnectFor: 100 });
  await assert.rejects(tanda.upper("x"), (error: unknown) => {
    assert.ok(error instanceof TandaError);
    assert.match(error.message, /does not speak/);
    return true;
  });
  await tanda.$.close();
  await new Promise((resolve) => server.close(resolve));
});

test("close waits for the calls that are under way, takes no more, and with `now` gives them up", async () => {
  let release: (() => void) | null = null;
  await using server = await LineServer.tcp((message, peer) => {
    if (message.action !== "slow") return false;
    release = () => answer(message, peer);
    return true;
  });
  const tanda = connect(server.url);
  const call = tanda.$.run("slow", "x");
  await until(() => release !== null);
  const closing = tanda.$.close();
  await assert.rejects(tanda.upper("more"), { code: "unavailable" });
  release!();
  assert.equal(await call, "X");
  await closing;

  const other = connect(server.url);
  const given = other.$.run("slow", "y");
  given.catch(() => undefined);
  await until(() => server.tasks().length === 2);
  await other.$.close({ now: true });
  await assert.rejects(given, { code: "unavailable" });
});
