import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Ownership } from "../../src/cluster/ownership.ts";
import { createIdMaker } from "../../src/task/id.ts";

const KEYS = Array.from({ length: 3000 }, (_, n) => `order-${n}`);

describe("who owns what", () => {
  test("all nodes agree, whatever the order their peers are given in", () => {
    const [one, two, three] = [new Ownership(1, [2, 3]), new Ownership(2, [3, 1]), new Ownership(3, [1, 2])];
    const foreign = createIdMaker(700, Date.now, Math.random);
    for (const key of KEYS) {
      assert.equal(one.ofKey(key), two.ofKey(key));
      assert.equal(one.ofKey(key), three.ofKey(key));
      const id = foreign();
      assert.equal(one.ofTask(id), two.ofTask(id));
      assert.equal(one.ofTask(id), three.ofTask(id));
    }
  });

  test("keys are spread evenly", () => {
    const owners = new Ownership(1, [2, 3]);
    const counts = new Map<number, number>();
    for (const key of KEYS) counts.set(owners.ofKey(key), (counts.get(owners.ofKey(key)) ?? 0) + 1);
    for (const node of [1, 2, 3]) assert.ok(Math.abs(counts.get(node)! - 1000) < 150, `${counts.get(node)}`);
  });

  test("one node more takes some of each and moves nothing between the others", () => {
    const [before, after] = [new Ownership(1, [2, 3]), new Ownership(1, [2, 3, 4])];
    const moved = KEYS.filter((key) => before.ofKey(key) !== after.ofKey(key));
    assert.ok(moved.length > 500 && moved.length < 1000, `${moved.length}`);
    for (const key of moved) assert.equal(after.ofKey(key), 4);
  });

  test("an owner is part of what nodes agree on, and so never changes", () => {
    const owners = new Ownership(1, [2, 3]);
    const told = ["a", "b", "order-1", "order-2", "señal", ""].map((key) => owners.ofKey(key));
    assert.deepEqual(told, EXPECTED);
  });
});

const EXPECTED = [3, 3, 1, 1, 1, 2];
