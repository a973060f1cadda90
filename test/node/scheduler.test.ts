/** Lets tasks go when they are due, whatever the store takes to answer. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Scheduler } from "../../src/node/duties/scheduler.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { Store } from "../../src/store/store.ts";
import type { Task } from "../../src/task/task.ts";
import { newSpecNow } from "../store/sample-events.ts";
import { until } from "../until.ts";

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function schedule(store: Store, delayMs: number): Promise<Task> {
  const at = Date.now();
  const spec = newSpecNow({ createdAt: at, dueAt: at + delayMs });
  const [applied] = await store.apply([{ type: "submit", id: spec.id, at, spec }]);
  return applied!.task!;
}

describe("the scheduler", () => {
  test("misses no instant that comes while it looks at the store", async () => {
    await using store = await openSqliteStore({ path: ":memory:" });
    const released: string[] = [];
    const slow = {
      due: (...about: Parameters<Store["due"]>) => store.due(...about),
      apply: (...about: Parameters<Store["apply"]>) => store.apply(...about),
      nextDueAt: async () => {
        const next = await store.nextDueAt();
        await sleep(50);
        return next;
      },
    };
    const scheduler = new Scheduler(
      slow,
      { follow: (row) => void released.push(row.id) },
      Date.now,
      (error) => assert.fail(String(error)),
    );
    const first = await schedule(store, 1);
    const second = await schedule(store, 30);
    scheduler.wake(first.dueAt!);
    await until(() => released.length >= 1);
    // It is reading now, and this instant passes before it has done so.
    scheduler.wake(second.dueAt!);
    await until(() => released.length >= 2);
    const third = await schedule(store, 1);
    scheduler.wake(third.dueAt!);
    await until(() => released.length >= 3);
    assert.deepEqual(released, [first.id, second.id, third.id]);
    await scheduler.stop();
  });

  test("goes on after a store that failed for a while", async () => {
    await using store = await openSqliteStore({ path: ":memory:" });
    const released: string[] = [];
    let isBroken = true;
    const errors: unknown[] = [];
    const failing = {
      due: async (...about: Parameters<Store["due"]>) => {
        await sleep(20);
        if (isBroken) throw new Error("no disk");
        return store.due(...about);
      },
      apply: (...about: Parameters<Store["apply"]>) => store.apply(...about),
      nextDueAt: () => store.nextDueAt(),
    };
    const scheduler = new Scheduler(
      failing,
      { follow: (row) => void released.push(row.id) },
      Date.now,
      (error) => errors.push(error),
    );
    const first = await schedule(store, 1);
    scheduler.wake(first.dueAt!);
    await sleep(10);
    const second = await schedule(store, 5);
    scheduler.wake(second.dueAt!);
    await until(() => errors.length > 0);
    isBroken = false;
    await until(() => released.length >= 2);
    assert.deepEqual(released, [first.id, second.id]);
    await scheduler.stop();
  });
});
