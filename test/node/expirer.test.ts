/** Ends tasks that nobody may start any more, and sleeps until the soonest of them. */
import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import { Expirer, type ExpirerOptions } from "../../src/node/duties/expirer.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { Store } from "../../src/store/store.ts";
import { newSpecNow } from "../store/sample-events.ts";
import { until } from "../until.ts";

async function submit(store: Store, expiresAt: number): Promise<string> {
  const spec = newSpecNow({ expiresAt });
  await store.apply([{ type: "submit", id: spec.id, at: spec.createdAt, spec }]);
  return spec.id;
}

function start(t: TestContext, store: Store, more: Partial<ExpirerOptions> = {}) {
  const ended: string[] = [];
  let looks = 0;
  const errors: unknown[] = [];
  const expirer = new Expirer({
    store: {
      overdue(...about) {
        looks++;
        return store.overdue(...about);
      },
      apply: (events) => store.apply(events),
    },
    queue: { remove: () => [] },
    outcomes: { follow: (row) => void ended.push(row.id) },
    isInHand: () => false,
    now: Date.now,
    onError: (error) => errors.push(error),
    sparedMs: null,
    ...more,
  });
  t.after(() => expirer.stop());
  return { expirer, ended, errors, looks: () => looks };
}

describe("the expirer", () => {
  test("finds what an earlier life left behind, without being told", async (t) => {
    await using store = await openSqliteStore({ path: ":memory:" });
    const late = await submit(store, Date.now() - 1000);
    const soon = await submit(store, Date.now() + 400);
    const { ended } = start(t, store);
    await until(() => ended.length === 2);
    assert.deepEqual(ended, [late, soon]);
  });

  test("ends what came in while it slept, and what comes sooner than what it waits for", async (t) => {
    await using store = await openSqliteStore({ path: ":memory:" });
    const { expirer, ended, looks } = start(t, store);
    await until(() => looks() > 0);
    await submit(store, Date.now() + 3_600_000);
    expirer.wake();
    const seen = looks();
    await until(() => looks() > seen);
    const soon = await submit(store, Date.now() + 10);
    expirer.wake();
    await until(() => ended.length === 1);
    assert.deepEqual(ended, [soon]);
  });

  test("asks the store nothing while no task has an end", async (t) => {
    await using store = await openSqliteStore({ path: ":memory:" });
    const { looks } = start(t, store);
    await until(() => looks() > 0);
    await new Promise((resolve) => setTimeout(resolve, 700));
    assert.equal(looks(), 1);
  });

  test("ends by and by what was in hand when its time came", async (t) => {
    await using store = await openSqliteStore({ path: ":memory:" });
    let inHand = "";
    const task = await submit(store, Date.now() - 1);
    inHand = task;
    const { ended, looks } = start(t, store, { isInHand: (id) => id === inHand });
    await until(() => looks() >= 4);
    assert.deepEqual(ended, []);
    inHand = "";
    await until(() => ended.length === 1);
    assert.deepEqual(ended, [task]);
  });

  test("goes on after a store that failed", async (t) => {
    await using store = await openSqliteStore({ path: ":memory:" });
    const task = await submit(store, Date.now() - 1);
    let failures = 2;
    const { ended, errors } = start(t, store, {
      store: {
        overdue: (...about) =>
          failures-- > 0 ? Promise.reject(new Error("no disk")) : store.overdue(...about),
        apply: (events) => store.apply(events),
      },
    });
    await until(() => ended.length === 1);
    assert.deepEqual(ended, [task]);
    assert.equal(errors.length, 2);
  });

  test("looks all the time where others add tasks too", async (t) => {
    await using store = await openSqliteStore({ path: ":memory:" });
    const { ended, looks } = start(t, store, { sparedMs: 0 });
    await until(() => looks() > 0);
    const task = await submit(store, Date.now() - 1);
    await until(() => ended.length === 1);
    assert.deepEqual(ended, [task]);
  });
});
