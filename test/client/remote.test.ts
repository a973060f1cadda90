import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { describe, test } from "node:test";
import { connect, TandaError } from "../../src/client/client.ts";
import { idNodeTag, isTaskId } from "../../src/task/id.ts";
import { answer, failed, LineServer, type Message, type Peer } from "./line-server.ts";

function until(isSo: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const startedAt = Date.now();
    const look = (): void => {
      if (isSo()) resolve();
      else if (Date.now() - startedAt > 10_000) reject(new Error("it never came to that"));
      else setTimeout(look, 5);
    };
    look();
  });
}

for (const kind of ["tcp", "socket"] as const) {
  describe(`over ${kind === "tcp" ? "TCP" : "WebSocket"}`, () => {
    const open = (handler?: (message: Message, peer: Peer) => boolean | void): Promise<LineServer> =>
      LineServer[kind](handler);
    const urlOf = (server: LineServer): string =>
      kind === "tcp" ? server.url : `http://127.0.0.1:${server.port}`;

    test("a call resolves with its result and a failure rejects with its code", async () => {
      await using server = await open();
      await using tanda = connect(urlOf(server));
      assert.equal(await tanda.upper("hola"), "HOLA");
      await assert.rejects(tanda.$.run("fail"), {
        name: "TandaError",
        code: "task_error",
        message: "it broke",
      });
    });

    test("every task has a name that tells the node it went to", async () => {
      await using server = await open();
      await using tanda = connect(urlOf(server));
      await Promise.all([tanda.upper("a"), tanda.upper("b")]);
      const names = server.tasks().map((message) => message.options?.task ?? "");
      assert.equal(new Set(names).size, 2);
      for (const name of names) {
        assert.ok(isTaskId(name), name);
        assert.equal(idNodeTag(name), 5);
      }
    });

    test("what was not answered when the connection broke is sent again by the same name, and ends once", async () => {
      const counts = new Map<string, number>();
      await using server = await open((message, peer) => {
        if (message.action === undefined) return false;
        const task = message.options!.task!;
        counts.set(task, (counts.get(task) ?? 0) + 1);
        // The first connection answers one of five and dies.
        if (peer.number > 0) return false;
        if (message.payload === "t0") answer(message, peer);
        if (message.payload === "t4") setTimeout(() => peer.cut(), 20);
        return true;
      });
      await using tanda = connect(urlOf(server));
      const settled: string[] = [];
      const calls = ["t0", "t1", "t2", "t3", "t4"].map((text) =>
        tanda.upper(text).then((result) => settled.push(result)),
      );
      await Promise.all(calls);
      assert.deepEqual(settled.sort(), ["T0", "T1", "T2", "T3", "T4"]);
      const again = server.tasks().filter((message) => message.options?.again);
      assert.deepEqual(again.map((message) => String(message.payload)).sort(), ["t1", "t2", "t3", "t4"]);
      assert.deepEqual(
        [...counts.values()].sort((a, b) => a - b),
        [1, 2, 2, 2, 2],
      );
    });

    test("an answer that comes twice, or to nobody, changes nothing", async () => {
      await using server = await open((message, peer) => {
        if (message.action === undefined) return false;
        answer(message, peer);
        answer({ ...message, payload: "other" }, peer);
        peer.send({ id: 123_456, status: "done", result: { ok: true, data: 1 } });
        peer.send({ status: "done", result: { ok: true, data: 2 } });
        return true;
      });
      await using tanda = connect(urlOf(server));
      assert.equal(await tanda.upper("once"), "ONCE");
      assert.equal(await tanda.upper("more"), "MORE");
      assert.equal(server.peers.length, 1);
    });

    test("a watch tells events until its loop is left, and then it is unwatched", async () => {
      await using server = await open((message, peer) => {
        if (message.op !== "watch") return false;
        peer.send({ id: message.id, status: "ok", data: { watching: true } });
        for (const progress of [1, 2, 3]) {
          peer.send({
            id: message.id,
            status: "event",
            data: { type: "progress", at: 1, task: "t", progress },
          });
        }
        return true;
      });
      await using tanda = connect(urlOf(server));
      const seen: unknown[] = [];
      for await (const event of tanda.$.watch({ queue: "math" })) {
        assert.equal(event.type, "progress");
        if (event.type === "progress") seen.push(event.progress);
        if (seen.length === 2) break;
      }
      assert.deepEqual(seen, [1, 2]);
      const watch = server.received.find((message) => message.op === "watch")!;
      assert.equal(watch["queue"], "math");
      await until(() => server.received.some((message) => message.op === "unwatch"));
      assert.equal(server.received.find((message) => message.op === "unwatch")!.watch, watch.id);
    });

    test("a watch goes on over a new connection and ends with the task's final state", async () => {
      await using server = await open((message, peer) => {
        if (message.op !== "watch") return false;
        const state = peer.number === 0 ? "running" : "done";
        peer.send({ id: message.id, status: "event", data: { type: "state", at: 1, task: "t", state } });
        if (peer.number === 0) setTimeout(() => peer.cut(), 10);
        return true;
      });
      await using tanda = connect(urlOf(server));
      const states: string[] = [];
      for await (const event of tanda.$.task("t").watch())
        if (event.type === "state") states.push(event.state);
      assert.deepEqual(states, ["running", "done"]);
    });
  });
}

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
