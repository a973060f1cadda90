import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { mergeActions, mergeHistory, mergePages, mergeQueues } from "../../src/cluster/merge.ts";
import type {
  ActionView,
  HistoryPoint,
  HistoryView,
  QueueView,
  TaskView,
} from "../../src/protocol/messages.ts";

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

  test("histories add up step by step; of delays the worst node's is told", () => {
    const point = (at: number, finished: number, p99: number): HistoryPoint => ({
      at,
      perSecond: { submitted: finished, finished, failed: 1 },
      startDelayMs: { p50: 1, p99 },
      runMs: { p50: 1, p99 },
      waiting: 1,
      inFlight: 2,
      threads: { total: 2, busy: 1 },
    });
    const told = (...points: HistoryPoint[]): HistoryView => ({ window: "10m", stepMs: 2000, points });
    const merged = mergeHistory({
      parts: [
        { node: 1, value: told(point(2000, 10, 5), point(4000, 20, 5)) },
        { node: 2, value: told(point(4000, 1, 9), point(6000, 2, 9)) },
      ],
      missing: [3],
    });
    assert.deepEqual(
      merged.points.map(({ at, perSecond, runMs }) => [at, perSecond.finished, runMs.p99]),
      [
        [2000, 10, 5],
        [4000, 21, 9],
        [6000, 2, 9],
      ],
    );
    assert.deepEqual(merged.points[1]!.threads, { total: 4, busy: 2 });
    assert.deepEqual([merged.window, merged.stepMs, merged.missing], ["10m", 2000, [3]]);
  });

  test("queues add up, and the oldest of all is told", () => {
    const perSecond = { submitted: 3, finished: 2, failed: 1 };
    const queue = (waiting: number, oldestAgeMs: number | null): QueueView[] => [
      { queue: "q", mode: "open", counts: { queued: waiting }, waiting, oldestAgeMs, perSecond },
    ];
    const [{ perSecond: _untold, ...older }] = queue(0, null) as [QueueView];
    const [merged] = mergeQueues({
      parts: [
        { node: 1, value: queue(2, 50) },
        { node: 2, value: queue(3, 70) },
        { node: 3, value: [older as QueueView] },
      ],
      missing: [],
    });
    assert.deepEqual(merged, {
      queue: "q",
      mode: "open",
      counts: { queued: 5 },
      waiting: 5,
      oldestAgeMs: 70,
      perSecond: { submitted: 6, finished: 4, failed: 2 },
    });
  });

  test("what each node did of an action adds up, whoever serves it; a node of an older version tells nothing of it", () => {
    const action = (isServed: boolean, finished: number, p99: number): ActionView => ({
      action: "a",
      queue: "q",
      priority: "normal",
      attempts: isServed ? 3 : 1,
      timeoutMs: 1000,
      isServed,
      perSecond: { submitted: 1, finished, failed: 1 },
      last10m: { finished, failed: 2, startDelayMs: { p50: 1, p99 }, runMs: { p50: 2, p99 } },
    });
    const { perSecond: _rate, last10m: _long, ...older } = action(false, 0, 0);
    const parts = [
      { node: 1, value: [older as ActionView] },
      { node: 2, value: [action(false, 10, 70)] },
      { node: 3, value: [action(true, 5, 50)] },
    ];
    const [merged] = mergeActions({ parts, missing: [] });
    assert.deepEqual(merged, {
      ...action(true, 15, 70),
      perSecond: { submitted: 2, finished: 15, failed: 2 },
      last10m: { finished: 15, failed: 4, startDelayMs: { p50: 1, p99: 70 }, runMs: { p50: 2, p99: 70 } },
    });
    const [alone] = mergeActions({ parts: parts.slice(0, 1), missing: [] });
    assert.deepEqual(
      [alone!.perSecond.finished, alone!.last10m.finished, alone!.last10m.runMs.p99],
      [0, 0, 0],
    );
  });
});
