/** A node that is sent several times what it can do: those who come when they were told to are let in, and who asks for little is served. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Lines } from "./lines.ts";
import { startNodeProcess } from "./node-process.ts";

const CLIENTS = 10;
const EACH = 300;
const MAX_QUEUED = 1000;

describe("a node that is full", () => {
  test("lets those in who come when they were told to, and tells nobody to wait for ages", async (t) => {
    await using node = await startNodeProcess(["--threads", "2", "--max-queued", String(MAX_QUEUED)]);
    const repeats = { all: 0, letIn: 0 };
    let isMeasured = false;
    let done = 0;
    const over = new AbortController();
    const told: number[] = [];
    const one = async (lines: Lines): Promise<void> => {
      for (let times = 0; ; times++) {
        const reply = await lines.ask({ action: "fib", payload: 20, options: { wait: false } });
        const error = reply.result?.error;
        if (times === 1 && isMeasured) {
          repeats.all++;
          if (error === undefined) repeats.letIn++;
        }
        if (error === undefined) break;
        assert.equal(error.code, "busy");
        assert.ok(error.retryAfterMs! > 0);
        told.push(error.retryAfterMs!);
        await delay(error.retryAfterMs, undefined, over).catch(() => {});
        if (over.signal.aborted) return;
      }
      done++;
    };
    const clients = Array.from({ length: CLIENTS }, async () => {
      using lines = await Lines.open(node.port);
      lines.socket.setMaxListeners(0);
      const lane = async (): Promise<void> => {
        while (!over.signal.aborted) await one(lines);
      };
      await Promise.all(Array.from({ length: EACH }, lane));
    });
    // The node measures how fast it is, once a second.
    await delay(8000);
    isMeasured = true;
    await delay(4000);
    over.abort();
    await Promise.all(clients);
    t.diagnostic(
      `${done} let in, ${repeats.letIn} of ${repeats.all} repeats, told ${Math.max(...told)} ms at most`,
    );
    assert.ok(repeats.all > 50, `only ${repeats.all} repeats`);
    // Nine of ten in an even run (test/engine/waiting-line.test.ts); here others compute beside it, and a new request may take the
    // place that its connection was told.
    assert.ok(repeats.letIn / repeats.all > 0.3, `${repeats.letIn} of ${repeats.all}`);
    assert.ok(Math.max(...told) < 60_000, `told ${Math.max(...told)} ms`);
  });

  test("that is only fast, not full, refuses nobody: what has ended is not counted", async () => {
    await using node = await startNodeProcess(["--threads", "1", "--max-queued", "100"]);
    using lines = await Lines.open(node.port);
    for (let round = 0; round < 40; round++) {
      const replies = await lines.askAll(
        Array.from({ length: 50 }, (_, n) => ({ action: "upper", payload: `n${n}` })),
      );
      for (const reply of replies) assert.equal(reply.status, "done");
    }
  });

  test("answers who sends one at a time long before the thousands of who sends all at once", async (t) => {
    await using node = await startNodeProcess(["--threads", "1"]);
    const FLOODS = 8;
    const THEIRS = 5000;
    const flooded = { count: 0 };
    const floods = await Promise.all(Array.from({ length: FLOODS }, () => Lines.open(node.port)));
    t.after(() => floods.forEach((one) => one.socket.destroy()));
    using honest = await Lines.open(node.port);
    await honest.ask({ action: "upper", payload: "warm" });
    const line = '{"id":0,"action":"upper","payload":"flood"}\n';
    for (const one of floods) {
      one.onReply = () => flooded.count++;
      one.socket.write(line.repeat(THEIRS));
    }
    let answered = 0;
    while (flooded.count < FLOODS * THEIRS) {
      assert.equal((await honest.ask({ action: "upper", payload: "x" })).result?.data, "X");
      answered++;
    }
    t.diagnostic(`${answered} answered while ${FLOODS * THEIRS} others were`);
    assert.ok(answered >= 5, `${answered} answers`);
  });
});
