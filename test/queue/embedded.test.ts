import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EmbeddedQueue } from "../../src/queue/embedded.ts";
import type { Message } from "../../src/queue/queue.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { Store } from "../../src/store/store.ts";
import { message, queueContract, type MessageOptions } from "./queue-contract.ts";

const anyRoom = (): number => Infinity;
const onError = (error: unknown): never => {
  throw error;
};

queueContract("the embedded queue", async () => {
  const store = await openSqliteStore({ path: ":memory:" });
  return new EmbeddedQueue({ store, onError });
});

/** Rows in the store and messages for them, as a promised submit makes both. */
async function promise(store: Store, count: number, options: MessageOptions = {}): Promise<Message[]> {
  const messages = Array.from({ length: count }, () => message({ ...options, isRide: false }));
  await store.apply(messages.map(({ spec }) => ({ type: "submit", id: spec.id, at: spec.createdAt, spec })));
  return messages;
}

/** Takes and finishes all there is, as a worker would, until nothing came for a while. */
async function drain(queue: EmbeddedQueue, store: Store): Promise<string[]> {
  const ids: string[] = [];
  let ready: () => void = () => {};
  queue.onReady(() => ready());
  for (;;) {
    const taken = queue.take(7, anyRoom);
    if (taken.length === 0) {
      const isMore = await Promise.race([
        new Promise<boolean>((resolve) => (ready = () => resolve(true))),
        new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 100)),
      ]);
      if (!isMore && queue.take(1, anyRoom).length === 0) return ids;
      continue;
    }
    await store.apply(
      taken.map(({ spec, attempt }) => ({
        type: "finish",
        id: spec.id,
        at: spec.createdAt,
        attempt,
        outcome: { type: "done", result: "1", resultBlob: null },
        startedAt: spec.createdAt,
        chance: 0,
      })),
    );
    queue.settle(taken);
    ids.push(...taken.map(({ spec }) => spec.id));
  }
}

describe("the window of the embedded queue", () => {
  test("has a place for every queue and priority, however full the others have made it", async () => {
    await using store = await openSqliteStore({ path: ":memory:" });
    await using queue = new EmbeddedQueue({ store, windowTasks: 10, onError });
    queue.pause("paused");
    queue.publish(await promise(store, 30, { queue: "paused" }));
    queue.publish(await promise(store, 30, { queue: "busy", priority: 0 }));
    const other = await promise(store, 5, { queue: "other" });
    queue.publish(other);
    const urgent = await promise(store, 5, { queue: "busy", priority: 3 });
    queue.publish(urgent);
    const ids = await drain(queue, store);
    assert.equal(ids.length, 40);
    const ofUrgent = urgent.map(({ spec }) => ids.indexOf(spec.id));
    assert.ok(Math.max(...ofUrgent) < 15, `the urgent ones came at ${ofUrgent.join()}`);
    assert.deepEqual(
      ids.filter((id) => other.some(({ spec }) => spec.id === id)),
      other.map(({ spec }) => spec.id),
    );
  });

  test("is filled also after a read that failed", async () => {
    await using store = await openSqliteStore({ path: ":memory:" });
    const errors: unknown[] = [];
    const failing = {
      backlog: (...about: Parameters<Store["backlog"]>) =>
        errors.length === 0 ? Promise.reject(new Error("no disk")) : store.backlog(...about),
    };
    await using queue = new EmbeddedQueue({ store: failing, onError: (error) => errors.push(error) });
    await promise(store, 3, { queue: "default" });
    queue.recover(["default"]);
    const until = performance.now() + 5000;
    while (queue.depths()[0]?.waiting !== 3 && performance.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(queue.take(10, anyRoom).length, 3);
  });

  test("of large tasks reads little more than it can hold", async () => {
    await using store = await openSqliteStore({ path: ":memory:" });
    let rowsRead = 0;
    const counted = {
      backlog: async (...about: Parameters<Store["backlog"]>) => {
        const rows = await store.backlog(...about);
        rowsRead += rows.length;
        return rows;
      },
    };
    await using queue = new EmbeddedQueue({ store: counted, windowBytes: 100_000, onError });
    const payload = JSON.stringify("x".repeat(1000));
    const messages = await promise(store, 2000, { payload, queue: "large" });
    queue.publish(messages);
    const ids = await drain(queue, store);
    assert.deepEqual(
      ids,
      messages.map(({ spec }) => spec.id),
    );
    // Each once to be run, and the last window's worth again to see that no more came in behind.
    assert.ok(rowsRead < 2 * messages.length, `${rowsRead} rows were read`);
  });

  test("keeps no more than its size, and brings back the rest in order, each once", async () => {
    await using store = await openSqliteStore({ path: ":memory:" });
    await using queue = new EmbeddedQueue({ store, windowTasks: 50, onError });
    const messages = await promise(store, 500);
    queue.publish(messages);
    assert.equal(queue.depths()[0]?.waiting, 50);
    const ids = await drain(queue, store);
    assert.deepEqual(
      ids,
      messages.map(({ spec }) => spec.id),
    );
  });

  test("is bounded in bytes too", async () => {
    await using store = await openSqliteStore({ path: ":memory:" });
    await using queue = new EmbeddedQueue({ store, windowBytes: 5000, onError });
    const messages = await promise(store, 100);
    queue.publish(messages);
    assert.ok(queue.depths()[0]!.waiting < 20);
    assert.equal((await drain(queue, store)).length, 100);
  });

  test("always takes rides, which nobody else could bring back", async () => {
    await using store = await openSqliteStore({ path: ":memory:" });
    await using queue = new EmbeddedQueue({ store, windowTasks: 10, onError });
    queue.publish(Array.from({ length: 100 }, () => message()));
    assert.equal(queue.take(1000, anyRoom).length, 100);
  });

  test("misses nothing that comes while it reads the backlog, also with ids older than what it read", async () => {
    await using store = await openSqliteStore({ path: ":memory:" });
    await using queue = new EmbeddedQueue({ store, windowTasks: 20, onError });
    const early = await promise(store, 60);
    const late = await promise(store, 60);
    queue.publish(late);
    queue.publish(early);
    const ids = await drain(queue, store);
    assert.equal(new Set(ids).size, 120);
    assert.equal(ids.length, 120);
  });

  test("finds what waited before a restart, of every queue and priority", async () => {
    await using store = await openSqliteStore({ path: ":memory:" });
    const expected: string[] = [];
    for (const queue of ["default", "mail"]) {
      for (const priority of [0, 1, 2, 3] as const) {
        expected.push(...(await promise(store, 10, { queue, priority })).map(({ spec }) => spec.id));
      }
    }
    await using queue = new EmbeddedQueue({ store, onError });
    queue.recover(["default", "mail"]);
    const ids = await drain(queue, store);
    assert.deepEqual(new Set(ids), new Set(expected));
    assert.equal(ids.length, expected.length);
  });
});
