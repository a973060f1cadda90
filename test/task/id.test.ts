import assert from "node:assert/strict";
import { test } from "node:test";
import { createIdMaker, idNodeTag, idTime, isTaskId, MAX_NODE_TAG } from "../../src/task/id.ts";
import { createChance } from "./chance.ts";

const T0 = 1_750_000_000_000;

test("ids are UUIDv7 that tell their time and node", () => {
  for (const tag of [0, 1, 255, 256, 700, MAX_NODE_TAG]) {
    for (const at of [1, 65_535, 65_536, T0, 2 ** 48 - 1]) {
      const id = createIdMaker(tag, () => at, Math.random)();
      assert.ok(isTaskId(id), id);
      assert.deepEqual([idTime(id), idNodeTag(id)], [at, tag], id);
    }
  }
});

test("ids of one maker are in the order made: within a millisecond, past its counter, when the clock goes back", () => {
  let now = T0;
  const makeId = createIdMaker(5, () => now, createChance(1));
  const ids = Array.from({ length: 10_000 }, makeId);
  now -= 60_000;
  ids.push(...Array.from({ length: 5000 }, makeId));
  now += 120_000;
  ids.push(...Array.from({ length: 5000 }, makeId));
  assert.deepEqual(ids, [...new Set(ids)].sort());
  assert.equal(idTime(ids.at(-1)!), now + 1);
});

test("the highest and lowest chance make ids too", () => {
  for (const chance of [0, 1 - 2 ** -53])
    assert.ok(
      isTaskId(
        createIdMaker(
          MAX_NODE_TAG,
          () => T0,
          () => chance,
        )(),
      ),
    );
});

test("makers of different nodes, and of one, do not meet", () => {
  const chance = createChance(2);
  const makers = [1, 1, 2].map((tag) => createIdMaker(tag, () => T0, chance));
  const ids = makers.flatMap((makeId) => Array.from({ length: 4000 }, makeId));
  assert.equal(new Set(ids).size, ids.length);
});

test("anything else is no task id", () => {
  const id = createIdMaker(1, () => T0, Math.random)();
  const wrong = [
    id.toUpperCase(),
    `${id} `,
    `${id}\n`,
    id.slice(1),
    id.replaceAll("-", ""),
    "00000000-0000-4000-8000-000000000000",
    "00000000-0000-7000-0000-000000000000",
    "",
    7,
    null,
    [id],
  ];
  assert.deepEqual(wrong.filter(isTaskId), []);
});
