import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { spreadOf } from "../../bench/figures.ts";
import { judge, type Goal } from "../../bench/goals.ts";
import { inTurn, runRounds } from "../../bench/rounds.ts";
import type { Result } from "../../bench/workloads.ts";

const result = (workload: string, perSecond: number): Result => ({ workload, figures: { perSecond } });

describe("the order of a round", () => {
  const names = ["W1 a", "W1 b", "W1 c", "W2 a", "W2 b", "W2 c"];
  const measures = names.map((name) => ({ name, run: () => Promise.resolve(result(name, 1)) }));
  const orders = [0, 1, 2].map((round) => inTurn(measures, round, 3).map(({ name }) => name));

  test("each round has every measure once", () => {
    for (const order of orders) assert.deepEqual(order.toSorted(), names);
  });

  test("nobody is first or last twice", () => {
    for (const at of [0, -1]) assert.equal(new Set(orders.map((order) => order.at(at))).size, 3);
  });

  test("what is compared stays together", () => {
    for (const order of orders) {
      const workloads = order.map((name) => name.slice(0, 2));
      const changes = workloads.filter((workload, at) => at > 0 && workload !== workloads[at - 1]);
      assert.equal(changes.length, 1, order.join());
    }
  });
});

test("a measure that fails is left out of its round, with the reason, and the others have their turns", async () => {
  let turns = 0;
  const measures = [
    {
      name: "W1 a",
      run: () => (turns++ === 0 ? Promise.reject(new Error("no server")) : Promise.resolve(result("", 1))),
    },
    { name: "W1 b", run: () => Promise.resolve(result("", 2)) },
  ];
  const { results, failed } = await runRounds(measures, 2);
  assert.deepEqual(failed, [{ name: "W1 a", why: "round 1 failed: no server" }]);
  assert.deepEqual(results.map(({ workload }) => workload).sort(), ["W1 a", "W1 b", "W1 b"]);
});

describe("what rounds come to", () => {
  test("the median is the one in the middle, or between the two that are", () => {
    const of = (...values: number[]) =>
      spreadOf(
        values.map((value) => result("W1", value)),
        "W1",
        "perSecond",
      );
    assert.deepEqual(of(30, 10, 20), { median: 20, least: 10, most: 30 });
    assert.deepEqual(of(40, 10, 20, 30), { median: 25, least: 10, most: 40 });
    assert.equal(of(), null);
  });

  const goal: Goal = { says: "W1 × peer", of: ["a", "b"], to: ["peer"], figure: "perSecond", atLeast: 2 };

  test("a goal is judged by the better of ours and says which", () => {
    const [judged] = judge([goal], [result("a", 10), result("b", 20), result("peer", 8)]);
    assert.deepEqual(judged, {
      says: "W1 × peer",
      demanded: "at least 2",
      value: 2.5,
      isReached: true,
      by: ["b"],
    });
  });

  test("where less is better, the better one is the lesser", () => {
    const atMost: Goal = { says: "ms", of: ["a", "b"], figure: "perSecond", atMost: 5 };
    const [judged] = judge([atMost], [result("a", 10), result("b", 6)]);
    assert.equal(judged!.value, 6);
    assert.equal(judged!.isReached, false);
  });

  test("of what was not measured nothing is said", () => {
    assert.deepEqual(judge([goal], [result("a", 10)]), []);
  });
});
