import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connect } from "../../src/client/client.ts";
import { idNodeTag, isTaskId } from "../../src/task/id.ts";
import { answer, LineServer, type Message, type Peer } from "./line-server.ts";
import { until } from "../until.ts";

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
