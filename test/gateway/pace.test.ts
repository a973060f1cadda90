import assert from "node:assert/strict";
import { setImmediate as turn, setTimeout as later } from "node:timers/promises";
import { describe, test } from "node:test";
import { Pace } from "../../src/gateway/pace.ts";
import { ReadTurns } from "../../src/gateway/read-turns.ts";
import { dial, openGateway } from "./open-gateway.ts";

/** An event loop whose time and work pass as told. */
function open() {
  let now = 1000;
  let busyMs = 0;
  const pace = new Pace(
    () => now,
    () => busyMs,
  );
  const gone: string[] = [];
  return {
    pace,
    gone,
    wait: (name: string) => pace.next(() => gone.push(name)),
    pass: (ms: number, busy: number) => {
      now += ms;
      busyMs += busy;
    },
  };
}

describe("the pace of what is large", () => {
  test("is that of the event loop where nobody asks for little: one a turn, in order", async () => {
    const { pace, gone, wait, pass } = open();
    for (const name of ["a", "b", "c"]) wait(name);
    assert.deepEqual(gone, [], "not in this turn");
    await turn();
    assert.deepEqual(gone, ["a"]);
    pass(5, 5);
    assert.ok(!pace.isOn);
    await turn();
    await turn();
    assert.deepEqual(gone, ["a", "b", "c"]);
  });

  test("beside who asks for little the next goes when the loop has rested for a quarter of the time", async () => {
    const { pace, gone, wait, pass } = open();
    wait("a");
    await turn();
    pace.little();
    wait("b");
    pass(4, 4);
    await later(5);
    assert.ok(pace.isOn);
    pass(1, 0);
    await later(5);
    assert.deepEqual(gone, ["a"], "busy for four of five");
    pass(1, 0);
    await later(20);
    assert.deepEqual(gone, ["a", "b"]);
  });

  test("a loop that never rests holds it up for a while, and not for ever", async () => {
    const { pace, gone, wait, pass } = open();
    wait("a");
    await turn();
    wait("b");
    pace.little();
    pass(19, 19);
    await later(5);
    assert.deepEqual(gone, ["a"]);
    pass(2, 2);
    await later(20);
    assert.deepEqual(gone, ["a", "b"]);
  });

  test("who asked for little a while ago holds up nobody", async () => {
    const { pace, gone, wait, pass } = open();
    pace.little();
    pass(101, 101);
    wait("a");
    await turn();
    wait("b");
    pass(2, 2);
    assert.ok(!pace.isOn);
    await turn();
    assert.deepEqual(gone, ["a", "b"]);
  });

  test("pieces of long lines go by it, those of short ones do not", async () => {
    const { pace, pass } = open();
    const turns = new ReadTurns(pace);
    const read: string[] = [];
    const reads = (name: string, isLong: boolean, left: number): void =>
      turns.wait({
        isLong,
        readPiece() {
          read.push(name);
          // A turn's time is up.
          const until = performance.now() + 3;
          while (performance.now() < until);
          pass(3, 3);
          return --left > 0;
        },
      });
    pace.little();
    reads("long", true, 3);
    await turn();
    reads("short", false, 3);
    for (let n = 0; n < 5; n++) await turn();
    assert.deepEqual(read.slice(0, 4), ["long", "short", "short", "short"]);
    pass(100, 0);
    await later(20);
    assert.equal(read.filter((name) => name === "long").length, 3);
  });

  test("what is large is answered beside who asks for little all the time, by lines, WebSocket and HTTP", async (t) => {
    const { port, gateway } = await openGateway(t);
    const little = await dial(t, port);
    const over = new AbortController();
    const asking = (async () => {
      for (let count = 1; !over.signal.aborted; count++) {
        little.send('{"action":"echo","payload":1}\n');
        assert.equal((await little.lines(count)).length, count);
      }
    })();
    const payload = "x".repeat(200_000);
    const body = JSON.stringify({ action: "echo", payload });
    const lines = await dial(t, port);
    for (let n = 0; n < 5; n++) lines.send(`${body}\n`);
    assert.ok((await lines.lines(5)).every((line) => line.length > payload.length));
    const ws = new WebSocket(`ws://127.0.0.1:${port}/v1/socket`);
    t.after(() => ws.close());
    const told: number[] = [];
    const all = new Promise<void>((resolve) => {
      ws.addEventListener("message", ({ data }) => {
        if (told.push(String(data).length) === 5) resolve();
      });
    });
    ws.addEventListener("open", () => {
      for (let n = 0; n < 5; n++) ws.send(body);
    });
    await all;
    assert.ok(told.every((length) => length > payload.length));
    for (let n = 0; n < 5; n++) {
      const response = await fetch(`http://127.0.0.1:${port}/v1/tasks?wait=5`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      });
      assert.equal(response.status, 200);
      assert.ok((await response.text()).length > payload.length);
    }
    over.abort();
    await asking;
    assert.deepEqual([gateway.bytesArriving, gateway.bytesInFlight], [0, 0]);
  });
});
