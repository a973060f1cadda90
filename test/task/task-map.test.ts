import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createIdMaker } from "../../src/task/id.ts";
import { TaskMap } from "../../src/task/task-map.ts";

const makeId = createIdMaker(7, Date.now, Math.random);

describe("things under task ids", () => {
  test("are found, replaced, and gone when they were taken out", () => {
    const things = new TaskMap<string>();
    const id = makeId();
    assert.equal(things.has(id), false);
    things.set(id, "one");
    things.set(id, "other");
    assert.equal(things.size, 1);
    assert.equal(things.get(id), "other");
    assert.equal(things.delete(id), "other");
    assert.equal(things.delete(id), undefined);
    assert.equal(things.get(id), undefined);
    assert.equal(things.size, 0);
  });

  test("may be nothing, and are there all the same", () => {
    const things = new TaskMap<undefined>();
    const id = makeId();
    things.set(id, undefined);
    assert.ok(things.has(id));
    assert.deepEqual(things.values(), [undefined]);
  });

  test("are what a Map would hold, through a hundred thousand that come and go, a flood and its end", () => {
    const things = new TaskMap<number>();
    const model = new Map<string, number>();
    let random = 1;
    const chance = (): number => (random = (random * 48_271) % 2_147_483_647) / 2_147_483_647;
    let live: string[] = [];
    for (let n = 0; n < 100_000; n++) {
      const isFlood = n > 30_000 && n < 45_000;
      if (live.length === 0 || chance() < (isFlood ? 0.9 : 0.49)) {
        const id = makeId();
        live.push(id);
        things.set(id, n);
        model.set(id, n);
      } else {
        const at = Math.floor(chance() * live.length);
        const id = live[at]!;
        live[at] = live.at(-1)!;
        live.pop();
        assert.equal(things.delete(id), model.get(id));
        model.delete(id);
        assert.equal(things.has(id), false);
      }
      assert.equal(things.size, model.size);
      if (n % 1000 === 0) for (const [id, thing] of model) assert.equal(things.get(id), thing);
    }
    assert.deepEqual(things.keys().sort(), [...model.keys()].sort());
    assert.deepEqual(
      things.values().sort((a, b) => a - b),
      [...model.values()].sort((a, b) => a - b),
    );
    for (const id of live) things.delete(id);
    live = [];
    assert.equal(things.size, 0);
    assert.deepEqual(things.keys(), []);
    things.set("other", 1);
    things.clear();
    assert.deepEqual(things.values(), []);
  });

  // One behind the other they would be ten billion steps.
  test("whose names a client chose alike are found as soon as others", { timeout: 30_000 }, () => {
    const things = new TaskMap<number>();
    const alike = (n: number): string => `0199f3a2-7c00-7000-8000-${n.toString(16).padStart(8, "0")}0000`;
    for (let n = 0; n < 100_000; n++) assert.ok(things.add(alike(n), n));
    for (let n = 0; n < 100_000; n++) assert.equal(things.get(alike(n)), n);
    for (let n = 0; n < 100_000; n++) assert.equal(things.delete(alike(n)), n);
    assert.equal(things.size, 0);
  });
});
