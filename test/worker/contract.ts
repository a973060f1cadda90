/** What every pool must do. Run by each pool's own test file. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pool } from "../../src/worker/pool.ts";
import { codeOf, PoolDriver, resultOf } from "./driver.ts";

export function testPool(name: string, openPool: () => Promise<Pool>): void {
  const opened = async (): Promise<PoolDriver> => {
    const pool = await openPool();
    const driver = new PoolDriver(pool);
    await pool.start();
    return driver;
  };
  const it = (what: string, run: (driver: PoolDriver) => Promise<void>): void => {
    test(`${name}: ${what}`, async () => {
      const driver = await opened();
      await using _ = driver.pool;
      await run(driver);
      assert.equal(driver.repeats, 0, "a run ended twice");
    });
  };

  it("tells its actions, built-in ones and the user's", async ({ pool }) => {
    const names = (await pool.reload()).map((action) => action.name);
    for (const wanted of ["echo", "upper", "sleep", "fib", "double", "later"])
      assert.ok(names.includes(wanted));
  });

  it("gives back results as JSON text", async (driver) => {
    assert.equal(resultOf(await driver.ask("upper", "hola ñandú")), "HOLA ÑANDÚ");
    assert.equal(resultOf(await driver.ask("double", 21)), 42);
    assert.equal(resultOf(await driver.ask("nothing")), null);
    const odd = { "línea\n\u0000\u2028": ["😀", { __proto__x: 1 }], text: 'a"b\\' };
    assert.deepEqual(resultOf(await driver.ask("echo", odd)), odd);
  });

  it("leaves a key named __proto__ what it is", async (driver) => {
    const ending = await driver.ask("echo", JSON.parse('{"__proto__":{"x":1}}'));
    assert.equal(ending.type === "done" && ending.result, '{"__proto__":{"x":1}}');
  });

  it("tells the handler its attempt and task", async (driver) => {
    const ending = await driver.ask("context", 1, { attempt: 3, task: "abc" });
    assert.deepEqual(resultOf(ending), {
      payload: 1,
      attempt: 3,
      task: { id: "abc", action: "context" },
      isAborted: false,
    });
    assert.ok(ending.startedAt <= ending.endedAt && Math.abs(Date.now() - ending.endedAt) < 60_000);
  });

  it("ends no run before it was sent, by the clock that both go by", async (driver) => {
    for (let n = 0; n < 50; n++) {
      const sentAt = Date.now();
      const { startedAt, endedAt } = await driver.ask("upper", "x");
      assert.ok(startedAt <= endedAt && endedAt >= sentAt && endedAt <= Date.now(), `${sentAt} ${endedAt}`);
    }
  });

  it("refuses a payload that does not fit the schema", async (driver) => {
    const ending = await driver.ask("upper", 7);
    assert.equal(codeOf(ending), "invalid_input");
    assert.match(ending.type === "failed" ? (ending.error.hint ?? "") : "", /JSON string/);
  });

  it("tells what a handler throws, with its details", async (driver) => {
    const ending = await driver.ask("fail");
    assert.ok(ending.type === "failed");
    assert.deepEqual(ending.error, { code: "task_error", message: "it went wrong", details: { order: 7 } });
    const plain = await driver.ask("failPlain");
    assert.ok(plain.type === "failed");
    assert.match((plain.error.details as { at: string }).at, /fixtures\/actions\.ts:\d+:\d+$/);
    assert.match(codeOf(await driver.ask("circular")), /task_error/);
  });

  it("passes on progress and logs, before the end", async (driver) => {
    assert.equal(resultOf(await driver.ask("talk")), "talked");
    const lines = driver.reports.flatMap((report) => (report.type === "log" ? [report.line.text] : []));
    assert.ok(lines.includes("hello { n: 1 }"), lines.join());
    const last = driver.reports.findLast((report) => report.type === "progress");
    assert.deepEqual(last?.type === "progress" && JSON.parse(last.progress), { done: 2 });
  });

  it("ends a handler that waits at its deadline, and says so once", async (driver) => {
    // They may share a thread, that is ended for the one whose deadline is first: the other is returned, and tried again.
    const [obedient, stubborn] = await Promise.all([
      driver.insist("obedient", 30_000, { timeoutMs: 50 }),
      driver.insist("stubborn", null, { timeoutMs: 50 }),
    ]);
    assert.equal(codeOf(obedient), "timed_out");
    assert.equal(codeOf(stubborn), "timed_out");
    assert.equal(resultOf(await driver.insist("upper", "on")), "ON");
  });

  it("cancels what runs and what waits", async (driver) => {
    const running = driver.sendMany(
      "single",
      Array.from({ length: 20 }, () => 1_500),
    );
    await new Promise((resolve) => setTimeout(resolve, 30));
    for (const { seq } of running) driver.pool.cancel(seq);
    for (const { ended } of running) assert.equal((await ended).type, "cancelled");
    driver.pool.cancel(999_999);
    assert.equal(resultOf(await driver.insist("upper", "on")), "ON");
  });

  it("runs many handlers that wait at once, never more than `concurrency`", async (driver) => {
    const room = driver.pool.room("later");
    assert.ok(room > 100 && room <= 500, `room for ${room}`);
    const from = performance.now();
    const sent = driver.sendMany(
      "later",
      Array.from({ length: room }, () => 200),
    );
    assert.ok(driver.pool.room("later") <= 500 - room);
    for (const { ended } of sent) assert.equal(resultOf(await ended), "later");
    assert.ok(performance.now() - from < 200 * 20, "they waited one after the other");
  });

  it("runs no more at once than a small `concurrency`", async (driver) => {
    assert.equal(driver.pool.room("pair"), 1);
    const sent = driver.sendMany("pair", [30, 30, 30]);
    const ends = await Promise.all(sent.map(({ ended }) => ended));
    for (let n = 1; n < ends.length; n++) assert.ok(ends[n]!.startedAt >= ends[n - 1]!.endedAt - 2);
  });

  it("gives back an action it does not have", async (driver) => {
    assert.equal(driver.pool.room("nope"), 0);
    assert.equal((await driver.ask("nope")).type, "returned");
  });

  it("measures, and calls when there is room", async (driver) => {
    assert.equal(driver.pool.meanMs("busyFor"), null);
    const free = new Promise<void>((resolve) => driver.pool.onFree(resolve));
    await driver.ask("busyFor", 20);
    await free;
    assert.ok(driver.pool.meanMs("busyFor")! >= 15);
    assert.ok(driver.pool.room("upper") > 0);
    assert.ok(driver.pool.threads().length > 0);
  });

  it("returns what is in hand when it is closed, and closes twice", async (driver) => {
    const sent = driver.sendMany("single", [1_500, 1_500, 1_500, 1_500, 1_500]);
    await driver.pool.close();
    for (const { ended } of sent) assert.equal((await ended).type, "returned");
    await driver.pool.close();
    assert.equal((await driver.ask("upper", "late")).type, "returned");
  });
}
