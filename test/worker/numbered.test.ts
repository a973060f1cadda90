import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Numbered } from "../../src/worker/numbered.ts";

describe("things under numbers", () => {
  test("are found, and are gone when they were taken out", () => {
    const things = new Numbered<string>();
    const number = things.next(0);
    things.set(number, "one");
    assert.equal(things.get(number), "one");
    things.delete(number);
    things.delete(number);
    assert.equal(things.get(number), undefined);
    assert.equal(things.size, 0);
  });

  test("have numbers that rise and are never used twice, though some stay for very long", () => {
    const things = new Numbered<number>();
    const live: number[] = [];
    let last = 0;
    for (let n = 0; n < 50_000; n++) {
      const number = things.next(last);
      assert.ok(number > last);
      last = number;
      things.set(number, number);
      // One in a hundred stays: the others come and go around them.
      if (n % 100 === 0) live.push(number);
      else things.delete(number);
    }
    assert.equal(things.size, live.length);
    assert.deepEqual(things.values(), live);
    for (const number of live) assert.equal(things.get(number), number);
    assert.equal(things.get(last + 1), undefined);
  });

  test("in two lanes of odd and even numbers do not meet", () => {
    const things = new Numbered<string>();
    const last = [0, 1];
    for (let n = 0; n < 3000; n++) {
      const lane = n % 3 === 0 ? 1 : 0;
      const number = things.next(last[lane]!, 2);
      assert.equal(number & 1, lane);
      things.set(number, `${lane}`);
      last[lane] = number;
    }
    assert.equal(things.size, 3000);
    assert.equal(things.values().filter((lane) => lane === "1").length, 1000);
  });

  test("are found by what they are, and may be taken out while one goes through them", () => {
    const things = new Numbered<string>();
    let last = 2 ** 40;
    for (const name of ["a", "b", "c"]) things.set((last = things.next(last)), name);
    assert.equal(
      things.find((name) => name > "a"),
      "b",
    );
    for (const name of things.values()) if (name !== "b") things.delete(2 ** 40 + 1 + "abc".indexOf(name));
    assert.deepEqual(things.values(), ["b"]);
  });
});
