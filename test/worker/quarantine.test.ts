/** Suspects run alone; whatever happens to the process they run in, none is left behind. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createInlinePool } from "../../src/worker/inline-pool.ts";
import type { Pool } from "../../src/worker/pool.ts";
import { ask, makeId, openEngine, sleep, within } from "../engine/open-engine.ts";
import { until } from "../until.ts";

/** A pool that does this first when it is started. */
function startingWith(pool: Pool, first: () => Promise<void>): Pool {
  return new Proxy(pool, {
    get(target, name) {
      if (name === "start") return () => first().then(() => target.start());
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

describe("the quarantine", () => {
  test("runs a suspect also when its first process did not start", async () => {
    const actions = { echo: { run: (value: unknown) => value } };
    let starts = 0;
    await using opened = await openEngine({
      actions,
      openQuarantinePool: () =>
        startingWith(createInlinePool({ actions }), async () => {
          if (++starts === 1) throw new Error("the actions do not load");
        }),
    });
    const task = makeId();
    opened.worker.suspect([task]);
    const answer = await within(5000, ask(opened.engine, "echo", 1, { task }));
    assert.notEqual(answer, "no answer");
    assert.equal(starts, 2);
    assert.equal(opened.troubles.length, 1);
    assert.deepEqual([...opened.worker.pools()].length, 2);
  });

  test("does not begin what is cancelled while its process starts", async () => {
    let runs = 0;
    const actions = { count: { run: () => ++runs } };
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    await using opened = await openEngine({
      actions,
      openQuarantinePool: () => startingWith(createInlinePool({ actions }), () => gate),
    });
    const { engine, worker } = opened;
    const task = makeId();
    worker.suspect([task]);
    const answer = ask(engine, "count", 1, { task });
    await sleep(50);
    assert.equal((await engine.cancel(task)).state, "cancelled");
    open();
    await sleep(50);
    assert.equal(runs, 0);
    const told = await within(1000, answer);
    assert.ok(told !== "no answer" && told.status === "failed" && told.error.code === "cancelled");
  });

  test("does not begin what has become too late while its process started, also when it has no row", async () => {
    let runs = 0;
    const actions = { count: { run: () => ++runs } };
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    await using opened = await openEngine({
      actions,
      openQuarantinePool: () => startingWith(createInlinePool({ actions }), () => gate),
    });
    const task = makeId();
    opened.worker.suspect([task]);
    const answer = ask(opened.engine, "count", 1, { task, expires: 30 });
    await sleep(50);
    open();
    const told = await within(1000, answer);
    assert.ok(told !== "no answer" && told.status === "failed" && told.error.code === "expired");
    assert.equal(runs, 0);
  });

  test("runs what comes while its idle processes are being closed", async () => {
    const actions = { echo: { run: (value: unknown) => value } };
    let isClosing = false;
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const slowToClose = (): Pool => {
      const pool = createInlinePool({ actions });
      return new Proxy(pool, {
        get(target, name) {
          if (name === "close") {
            return async () => {
              isClosing = true;
              await gate;
              await target.close();
            };
          }
          const value = Reflect.get(target, name, target) as unknown;
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    };
    await using opened = await openEngine({
      actions,
      openQuarantinePool: slowToClose,
      quarantineCells: 1,
      quarantineIdleMs: 30,
    });
    const [first, second] = [makeId(), makeId()];
    opened.worker.suspect([first, second]);
    assert.notEqual(await within(1000, ask(opened.engine, "echo", 1, { task: first })), "no answer");
    await until(() => isClosing);
    const answer = ask(opened.engine, "echo", 2, { task: second });
    await sleep(20);
    open();
    assert.notEqual(await within(1000, answer), "no answer");
  });
});
