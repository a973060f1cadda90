import assert from "node:assert/strict";
import { test } from "node:test";
import type { ListQuery, Store } from "../../src/store/store.ts";
import { newSpecNow, submit } from "../store/sample-events.ts";
import { openEngine } from "./open-engine.ts";

/** @param short which of its answers, counted from 0, ends early, as a store may end any. */
function watched(asked: ListQuery[], short = -1): (store: Store) => Store {
  return (store) =>
    new Proxy(store, {
      get(target, name) {
        if (name === "list") {
          return (query: ListQuery) => {
            const isShort = asked.push(query) - 1 === short;
            return target.list(isShort ? { ...query, limit: 5 } : query);
          };
        }
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
}

async function idsOf(store: Store, count: number): Promise<string[]> {
  const specs = Array.from({ length: count }, () => newSpecNow({ queue: "later" }));
  await store.apply(specs.map((spec) => submit(spec, Date.now())));
  return specs.map(({ id }) => id).toReversed();
}

test("a long page is read in slices, and is the page that was asked for", async () => {
  const asked: ListQuery[] = [];
  await using opened = await openEngine({ actions: {}, through: watched(asked) });
  const { engine, store } = opened;
  const ids = await idsOf(store, 930);
  for (const limit of [1, 200, 201, 700, 930, 1000]) {
    const page = await engine.list({ queue: "later", limit });
    assert.deepEqual(
      page.tasks.map(({ task }) => task),
      ids.slice(0, limit),
    );
    const rest = await engine.list({
      queue: "later",
      limit: 1000,
      ...(page.next === null ? {} : { cursor: page.next }),
    });
    if (page.next !== null) {
      assert.deepEqual(
        rest.tasks.map(({ task }) => task),
        ids.slice(limit),
      );
    } else assert.ok(limit >= 930);
  }
  assert.ok(asked.every(({ limit }) => limit <= 200));
});

test("a page ends where the store ends a slice early: it is not made longer than the store would make one", async () => {
  const asked: ListQuery[] = [];
  await using opened = await openEngine({ actions: {}, through: watched(asked, 1) });
  const { engine, store } = opened;
  const ids = await idsOf(store, 600);
  const page = await engine.list({ queue: "later", limit: 600 });
  assert.deepEqual(
    page.tasks.map(({ task }) => task),
    ids.slice(0, 205),
  );
  assert.equal(page.next, ids[204]);
  assert.equal(asked.length, 2);
});
