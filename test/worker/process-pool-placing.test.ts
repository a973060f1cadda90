/** Which thread gets a run, and what becomes of runs behind one that is held. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PoolDriver, resultOf } from "./driver.ts";
import { openProcessPool } from "./open-process-pool.ts";
import { until } from "../until.ts";

test("what a stuck thread has not begun is run by another", async () => {
  const driver = new PoolDriver(openProcessPool());
  await using pool = driver.pool;
  await pool.start();
  for (let n = 0; n < 200; n++) await driver.ask("busyFor", 0);
  // By its mean this is short, so others are put behind it; the one that is long holds them up.
  const room = pool.room("busyFor");
  assert.ok(room > 20, `room for ${room}`);
  const sent = driver.sendMany("busyFor", [
    1500,
    ...Array.from({ length: Math.min(room, 400) - 1 }, () => 0),
  ]);
  const [long, ...short] = sent;
  let isLongOver = false;
  void long!.ended.then(() => (isLongOver = true));
  let done = 0;
  for (const { ended } of short) {
    const ending = await ended;
    // On a machine that is out of breath the other thread may look held as well: then they are given back.
    if (ending.type !== "returned") assert.equal(resultOf(ending), "busy");
    if (ending.type === "done") done++;
  }
  assert.equal(isLongOver, false, "the short ones waited for the long one");
  assert.ok(done > 0, "none was run by another");
  assert.equal(resultOf(await long!.ended), "busy");
  assert.equal(driver.repeats, 0);
});

test("tiny runs fill one thread before they wake another, unless it is held", async () => {
  const driver = new PoolDriver(openProcessPool());
  await using pool = driver.pool;
  await pool.start();
  // Quick once the thread is warm: what is measured must come to be tiny.
  for (let n = 0; n < 1000; n++) await driver.ask("thread", null);
  const threadsOf20 = async (): Promise<Set<unknown>> => {
    const sent = driver.sendMany(
      "thread",
      Array.from({ length: 20 }, () => null),
    );
    return new Set(await Promise.all(sent.map(async ({ ended }) => resultOf(await ended))));
  };
  // A machine out of breath may make some look longer than they are.
  const packed = async (): Promise<unknown> => {
    for (let tries = 0; tries < 50; tries++) {
      const threads = await threadsOf20();
      if (threads.size === 1) return [...threads][0];
    }
    assert.fail("twenty went to both threads each time");
  };
  const first = await packed();
  const long = driver.send("busyFor", 1500);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.notEqual(await packed(), first);
  assert.equal(resultOf(await long.ended), "busy");
});

test("one that is late holds up what waits ready behind it no longer than until another thread is idle", async () => {
  const driver = new PoolDriver(openProcessPool());
  await using pool = driver.pool;
  await pool.start();
  // More where the machine was busy: it goes by what was measured.
  for (let n = 0; n < 20 || pool.meanMs("busyFor")! > 40; n++) await driver.ask("busyFor", 20);
  const [long, short, behind] = driver.sendMany("busyFor", [1000, 20, 20]);
  let isLongOver = false;
  void long!.ended.then(() => (isLongOver = true));
  for (const { ended } of [short!, behind!]) assert.equal(resultOf(await ended), "busy");
  assert.equal(isLongOver, false);
  assert.equal(resultOf(await long!.ended), "busy");
});

test("where nothing ends, room behind a run that soon will is told by the clock", async () => {
  const driver = new PoolDriver(openProcessPool({ threads: 1 }));
  await using pool = driver.pool;
  await pool.start();
  for (let n = 0; n < 20 || pool.meanMs("busyFor")! > 40; n++) await driver.ask("busyFor", 20);
  let roomBehind = 0;
  let endings = Infinity;
  pool.onFree(() => {
    if (driver.endings.length < endings) roomBehind = Math.max(roomBehind, pool.room("busyFor"));
  });
  // A machine out of breath is late with its clock.
  await until("there is room before the end", async () => {
    endings = driver.endings.length + 1;
    await driver.ask("busyFor", 20);
    return roomBehind > 0;
  });
});

test("runs behind threads that are all held are given back", async () => {
  const driver = new PoolDriver(openProcessPool({ threads: 1 }));
  await using pool = driver.pool;
  await pool.start();
  for (let n = 0; n < 200; n++) await driver.ask("busyFor", 0);
  const [long, ...behind] = driver.sendMany("busyFor", [1500, 0, 0, 0]);
  for (const { ended } of behind) assert.equal((await ended).type, "returned");
  assert.equal(resultOf(await long!.ended), "busy");
});

test("batches follow the measured time: few of what is slow, many of what is quick", async () => {
  const driver = new PoolDriver(openProcessPool());
  await using pool = driver.pool;
  await pool.start();
  await until("both threads are there", () => pool.threads().every(({ state }) => state === "idle"));
  assert.equal(pool.room("busyFor"), 2, "one a thread while its time is unknown");
  for (let n = 0; n < 5; n++) await driver.ask("busyFor", 40);
  assert.equal(pool.room("busyFor"), 2, "one a thread when it is slow");
  for (let n = 0; n < 300; n++) await driver.ask("upper", "x");
  assert.ok(pool.room("upper") > 40, `room for ${pool.room("upper")}`);
});

test("as many may be on their way as end meanwhile, less what waits here already; none of what has a line of its own", async () => {
  const driver = new PoolDriver(openProcessPool());
  await using pool = driver.pool;
  await pool.start();
  for (let n = 0; n < 20; n++) await driver.ask("busyFor", 20);
  const ahead = pool.ahead("busyFor", 200);
  assert.ok(ahead >= 2 && ahead <= 40, `${ahead} of 20 ms each`);
  assert.equal(pool.ahead("pair", 200), 0);
  assert.equal(pool.ahead("busyFor", 0), 0);
  const sent = driver.sendMany(
    "busyFor",
    Array.from({ length: 50 }, () => 20),
  );
  assert.equal(pool.ahead("busyFor", 200), 0);
  await Promise.all(sent.map(({ ended }) => ended));
});
