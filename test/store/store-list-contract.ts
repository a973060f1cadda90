import assert from "node:assert/strict";
import { test } from "node:test";
import type { ListQuery, Store } from "../../src/store/store.ts";
import { createIdMaker } from "../../src/task/id.ts";
import type { TaskSpec } from "../../src/task/task.ts";
import { claim, FAILED, finish, newSpec, ride, simple, submit, T0 } from "./sample-events.ts";
import type { OpenStore } from "./store-contract.ts";

/** All pages, each checked to keep to its limit. */
async function listAll(store: Store, query: Omit<ListQuery, "limit">, limit: number): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  for (;;) {
    const page = await store.list({ ...query, cursor, limit });
    assert.ok(page.tasks.length <= limit);
    ids.push(...page.tasks.map(({ id }) => id));
    if (page.next === null) return ids;
    cursor = page.next;
  }
}

export function listContract(open: OpenStore): void {
  test("lists are newest first and go on from page to page without gap or repeat", async () => {
    await using opened = await open();
    const specs = Array.from({ length: 25 }, () => newSpec());
    await opened.store.apply(specs.map((spec, i) => (i % 2 ? submit(spec) : ride(spec))));
    const newestFirst = specs.map(({ id }) => id).toReversed();
    for (const limit of [1, 7, 25, 1000]) {
      assert.deepEqual(await listAll(opened.store, {}, limit), newestFirst);
    }
  });

  test("lists filter by state, action, queue and time, alone and together", async () => {
    await using opened = await open();
    const { store } = opened;
    const specs = Array.from({ length: 32 }, (_, i) =>
      newSpec({
        action: i & 1 ? "fib" : "upper",
        queue: i & 2 ? "math" : "default",
        createdAt: T0 + i,
      }),
    );
    await store.apply(specs.map((spec) => submit(spec)));
    await store.apply(specs.slice(0, 8).map(({ id }) => finish(id, 1)));
    await store.apply(specs.slice(8, 12).map(({ id }) => finish(id, 1, FAILED)));
    await store.apply(specs.slice(12, 16).map(({ id }) => claim(id, 1)));
    await store.apply(specs.slice(16, 20).map(({ id }) => simple("cancel", id)));
    const rows = (await store.get(specs.map(({ id }) => id))).toReversed();
    const states = [undefined, "done", "failed", "running", "cancelled", "queued", "retrying"] as const;
    for (const state of states) {
      for (const action of [undefined, "fib"]) {
        for (const queue of [undefined, "math"]) {
          for (const since of [undefined, T0 + 6, T0 + 15]) {
            const expected = rows.filter(
              (row) =>
                (state === undefined || row!.state === state) &&
                (action === undefined || row!.action === action) &&
                (queue === undefined || row!.queue === queue) &&
                (since === undefined || row!.createdAt >= since),
            );
            const found = await listAll(store, { state, action, queue, since }, 3);
            assert.deepEqual(
              found,
              expected.map((row) => row!.id),
              JSON.stringify({ state, action, queue, since }),
            );
          }
        }
      }
    }
  });

  test("a prefix is the beginning of an id or of a key", async () => {
    await using opened = await open();
    const { store } = opened;
    const specs: TaskSpec[] = [];
    for (let hour = 0; hour < 6; hour++) {
      const makeId = createIdMaker(1, () => T0 + hour * 3_600_000, Math.random);
      specs.push(...[1, 2, 3].map((n) => newSpec({ id: makeId(), key: n === 1 ? null : `k${hour}-${n}` })));
    }
    const hexKey = newSpec({ key: specs[0]!.id.slice(0, 8) });
    const odd = newSpec({ key: "100%_é\u{10FFFF}" });
    await store.apply([...specs, hexKey, odd].map((spec) => submit(spec)));
    const all = [...specs, hexKey, odd];
    const prefixes = ["k", "k3", "k3-2", "K3", "100%", "1", "100%_é", "zz", "0"];
    for (const length of [1, 5, 8, 9, 12, 14, 30, 36]) {
      for (const i of [0, 4, 17]) prefixes.push(specs[i]!.id.slice(0, length));
    }
    for (const prefix of prefixes) {
      const expected = all
        .filter(({ id, key }) => id.startsWith(prefix) || key?.startsWith(prefix))
        .map(({ id }) => id)
        .sort()
        .toReversed();
      for (const limit of [2, 100]) {
        assert.deepEqual(await listAll(store, { prefix }, limit), expected, prefix);
        assert.deepEqual(await listAll(store, { prefix, state: "queued" }, limit), expected, prefix);
      }
      assert.deepEqual(await listAll(store, { prefix, state: "done" }, 5), []);
    }
  });

  test("a list says all of a task but what may be long", async () => {
    await using opened = await open();
    const spec = newSpec({ key: "k", payload: JSON.stringify("x".repeat(60_000)) });
    const failed = { ...finish(spec.id, 1, FAILED), progress: "0.5" };
    await opened.store.apply([
      submit(spec),
      { ...failed, log: [{ at: T0, attempt: 1, level: "info", text: "well" }] },
    ]);
    const [whole] = await opened.store.get([spec.id]);
    const [listed] = (await opened.store.list({ limit: 10 })).tasks;
    const { payload, result, history, log, progress, ...rest } = whole!;
    assert.ok(payload.length > 60_000 && result === null && progress === "0.5");
    assert.ok(history.length === 1 && log.length === 1);
    assert.deepEqual({ ...listed, ...rest }, listed);
    assert.ok(JSON.stringify(listed).length < 1000);
  });

  test("a page of long errors is short, and the next goes on", async () => {
    await using opened = await open();
    const specs = Array.from({ length: 200 }, () => newSpec());
    const error = { code: "task_error", message: "x".repeat(60_000) } as const;
    await opened.store.apply(specs.map((spec) => submit(spec)));
    await opened.store.apply(specs.map(({ id }) => finish(id, 1, { type: "failed", error })));
    const first = await opened.store.list({ limit: 1000 });
    assert.ok(first.tasks.length < 200 && first.next !== null, String(first.tasks.length));
    assert.deepEqual(await listAll(opened.store, {}, 1000), specs.map(({ id }) => id).toReversed());
  });
}
