import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Ending } from "../../src/worker/pool.ts";
import { codeOf, PoolDriver, resultOf } from "./driver.ts";
import { openProcessPool } from "./open-process-pool.ts";

const NEIGHBOURS = 200;
/** CI machines are slow; what is measured is printed. */
const GENEROUS_MS = 5000;

async function opened(): Promise<PoolDriver> {
  const driver = new PoolDriver(openProcessPool());
  await driver.pool.start();
  await Promise.all(
    driver
      .sendMany(
        "echo",
        Array.from({ length: 50 }, () => 1),
      )
      .map(({ ended }) => ended),
  );
  return driver;
}

type Case = {
  what: string;
  action: string;
  payload?: unknown;
  timeoutMs?: number;
  /** What it ends as when the end can be pinned on it. */
  code: string;
  message: RegExp;
  /** V8 may abort the whole process: then it is told as having died, to be tried alone. */
  mayTakeProcess: boolean;
};

const cases: Case[] = [
  {
    what: "many arrays",
    action: "arrays",
    code: "out_of_memory",
    message: /128 MB/,
    mayTakeProcess: true,
  },
  { what: "a growing Map", action: "map", code: "out_of_memory", message: /128 MB/, mayTakeProcess: true },
  {
    what: "one large array",
    action: "oneArray",
    code: "out_of_memory",
    message: /128 MB/,
    mayTakeProcess: true,
  },
  {
    what: "a long string",
    action: "oneString",
    code: "out_of_memory",
    message: /128 MB/,
    mayTakeProcess: true,
  },
  {
    what: "Buffers outside the heap",
    action: "buffers",
    code: "out_of_memory",
    message: /128 MB/,
    mayTakeProcess: true,
  },
  {
    what: "a loop that eats memory and cannot be interrupted",
    action: "unstoppable",
    code: "out_of_memory",
    message: /128 MB/,
    mayTakeProcess: true,
  },
  {
    what: "process.exit",
    action: "exit",
    code: "crashed",
    message: /process\.exit\(3\)/,
    mayTakeProcess: false,
  },
  {
    what: "an error thrown outside any promise",
    action: "throwOutside",
    code: "crashed",
    message: /nothing catches it/,
    mayTakeProcess: false,
  },
  {
    what: "a promise that nobody awaits",
    action: "forgottenPromise",
    code: "crashed",
    message: /nobody awaited me/,
    mayTakeProcess: false,
  },
  {
    what: "a native abort",
    action: "nativeAbort",
    code: "crashed",
    message: /SIGABRT/,
    mayTakeProcess: true,
  },
  {
    what: "garbage written to descriptors that are not its own",
    action: "scribble",
    code: "crashed",
    message: /wrote into the pipes/,
    mayTakeProcess: true,
  },
  {
    what: "a synchronous native call past its deadline",
    action: "shell",
    timeoutMs: 200,
    code: "timed_out",
    message: /200ms/,
    mayTakeProcess: false,
  },
  {
    what: "while (true) past its deadline",
    action: "spin",
    timeoutMs: 200,
    code: "timed_out",
    message: /200ms/,
    mayTakeProcess: false,
  },
];

for (const { what, action, payload, timeoutMs, code, message, mayTakeProcess } of cases) {
  test(`${what} ends as ${code}, and ${NEIGHBOURS} neighbours are well`, { timeout: 90_000 }, async (t) => {
    const driver = await opened();
    await using _ = driver.pool;
    const from = performance.now();
    const bad = driver.send(action, payload ?? null, { timeoutMs: timeoutMs ?? 60_000 });
    const neighbours = Promise.all(
      Array.from({ length: NEIGHBOURS }, (_, n) =>
        n % 2 === 0 ? driver.insist("upper", `n${n}`) : driver.insist("later", n),
      ),
    );
    const ending = await bad.ended;
    t.diagnostic(`${ending.type} ${codeOf(ending)} after ${Math.round(performance.now() - from)} ms`);
    if (ending.type === "died")
      assert.ok(mayTakeProcess, `took its process along: ${JSON.stringify(ending)}`);
    else assert.equal(ending.type, "failed");
    assert.equal(codeOf(ending), code);
    assert.match(errorOf(ending).message, message);
    for (const [n, neighbour] of (await neighbours).entries())
      assert.equal(resultOf(neighbour), n % 2 === 0 ? `N${n}` : "later");
    assert.equal(resultOf(await driver.insist("double", 4)), 8);
    assert.equal(driver.repeats, 0, "a run ended twice");
  });
}

test("what kills its process alone is told so", async () => {
  const driver = await opened();
  await using _ = driver.pool;
  const ending = await driver.ask("nativeAbort");
  assert.ok(ending.type === "died" && ending.wasAlone);
  assert.equal(ending.error.code, "crashed");
  assert.equal(resultOf(await driver.insist("upper", "on")), "ON");
});

test("a deadline is kept within milliseconds while 1,000 others go on", async (t) => {
  const driver = await opened();
  await using _ = driver.pool;
  const late: number[] = [];
  const slot: number[] = [];
  for (let round = 0; round < 5; round++) {
    const from = performance.now();
    const bad = driver.ask("spin", null, { timeoutMs: 200 });
    const others = Promise.all(Array.from({ length: 1000 }, (_, n) => driver.insist("upper", `x${n}`)));
    const ending = await bad;
    late.push(performance.now() - from - 200);
    assert.equal(codeOf(ending), "timed_out");
    for (const [n, other] of (await others).entries()) assert.equal(resultOf(other), `X${n}`);
    // Its slot is free: both threads can be busy at once again.
    await Promise.all([driver.insist("busyFor", 1), driver.insist("busyFor", 1)]);
    slot.push(performance.now() - from - 200);
  }
  t.diagnostic(`ended ${late.map((ms) => ms.toFixed(0)).join(", ")} ms past the deadline`);
  t.diagnostic(`slot in use again ${slot.map((ms) => ms.toFixed(0)).join(", ")} ms past the deadline`);
  assert.ok(Math.min(...late) < GENEROUS_MS);
});

test("process.exit among runs that share a thread is pinned on the one that called it", async () => {
  const driver = await opened();
  await using _ = driver.pool;
  const others = driver.sendMany(
    "later",
    Array.from({ length: 20 }, () => 300),
  );
  const ending = await driver.ask("exitLater", 50);
  assert.equal(codeOf(ending), "crashed");
  assert.match(errorOf(ending).message, /process\.exit\(4\)/);
  for (const { ended } of others) assert.match((await ended).type, /^(done|returned)$/);
});

test("an error outside any promise is pinned on its run; those beside it in the thread end well", async () => {
  const driver = await opened();
  await using _ = driver.pool;
  const others = driver.sendMany(
    "later",
    Array.from({ length: 20 }, () => 200),
  );
  assert.equal(codeOf(await driver.ask("throwOutsideShared")), "crashed");
  for (const { ended } of others) assert.equal(resultOf(await ended), "later");
});

test("a blocked thread does not keep runs that wait past their deadline, nor pay for them", async (t: TestContext) => {
  const driver = await opened();
  await using _ = driver.pool;
  const sleepers = driver.sendMany(
    "later",
    Array.from({ length: 10 }, () => 5000),
    { timeoutMs: 100 },
  );
  const busy = driver.sendMany("busyFor", [700, 700]);
  for (const { ended } of sleepers) {
    const ending = await ended;
    assert.match(codeOf(ending), /timed_out|returned/, JSON.stringify(ending));
  }
  for (const { ended } of busy) assert.equal(resultOf(await ended), "busy");
  t.diagnostic(`threads: ${JSON.stringify(driver.pool.threads().map(({ state }) => state))}`);
});

function errorOf(ending: Ending): { message: string } {
  assert.ok(ending.type === "failed" || ending.type === "died", JSON.stringify(ending));
  return ending.error;
}
