import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { mergePages, mergeQueues } from "../../src/cluster/merge.ts";
import type { QueueView, TaskView } from "../../src/protocol/messages.ts";

const page = (
  node: number,
  tasks: string[],
  next: string | null,
): { node: number; value: { tasks: TaskView[]; next: string | null } } => ({
  node,
  value: { tasks: tasks.map((task) => ({ task }) as TaskView), next },
});

describe("what several nodes tell, as one", () => {
  test("a page that ends early ends the merged one: what is older may have been left out", () => {
    const merged = mergePages(
      { parts: [page(1, ["9", "5"], "5"), page(2, ["8", "7", "3", "1"], null)], missing: [] },
      10,
    );
    assert.deepEqual(
      merged.tasks.map(({ task }) => task),
      ["9", "8", "7", "5"],
    );
    assert.equal(merged.next, "5");
    assert.equal("missing" in merged, false);
  });

  test("a page is no longer than its limit, and goes on from its last task", () => {
    const merged = mergePages(
      { parts: [page(1, ["9", "5"], null), page(2, ["8", "7"], null)], missing: [3] },
      3,
    );
    assert.deepEqual(
      merged.tasks.map(({ task }) => task),
      ["9", "8", "7"],
    );
    assert.deepEqual([merged.next, merged.missing], ["7", [3]]);
  });

  test("the last page says that it is the last", () => {
    assert.equal(
      mergePages({ parts: [page(1, ["2"], null), page(2, ["1"], null)], missing: [] }, 2).next,
      null,
    );
  });

  test("queues add up, and the oldest of all is told", () => {
    const queue = (waiting: number, oldestAgeMs: number | null): QueueView[] => [
      { queue: "q", mode: "open", counts: { queued: waiting }, waiting, oldestAgeMs },
    ];
    const [merged] = mergeQueues({
      parts: [
        { node: 1, value: queue(2, 50) },
        { node: 2, value: queue(3, 70) },
        { node: 3, value: queue(0, null) },
      ],
      missing: [],
    });
    assert.deepEqual(merged, {
      queue: "q",
      mode: "open",
      counts: { queued: 5 },
      waiting: 5,
      oldestAgeMs: 70,
    });
  });
});
