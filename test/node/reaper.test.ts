import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { judge } from "../../src/node/duties/reaper.ts";
import { newTask, type AttemptRecord } from "../../src/task/task.ts";
import { newSpec, T0 } from "../store/sample-events.ts";

describe("a worker that was lost", () => {
  const died = (attempt: number): AttemptRecord => {
    return { attempt, startedAt: T0, endedAt: T0, code: "lost", message: "Its worker was lost." };
  };
  const isCharged = (history: readonly AttemptRecord[], together: number): boolean => {
    const task = { ...newTask(newSpec()), state: "running", attempt: history.length + 1, history } as const;
    const event = judge({ task, worker: "w", together, at: T0 }, 0);
    assert.ok(event.type === "finish" && event.outcome.type === "died" && event.attempt === task.attempt);
    return event.outcome.isCharged;
  };

  test("is charged to what ran alone as a suspect, and to nobody at its first loss: others may have run unclaimed", () => {
    assert.equal(isCharged([], 1), false);
    assert.equal(isCharged([], 2), false);
    assert.equal(isCharged([died(1)], 2), false);
    assert.equal(isCharged([died(1)], 1), true);
    assert.equal(isCharged([died(1), { ...died(2), code: "task_error" }], 1), false);
  });

  test("is charged to whoever was there at five such deaths, with whomever", () => {
    const deaths = [1, 2, 3, 4, 5].map(died);
    assert.equal(isCharged(deaths.slice(1), 9), false);
    assert.equal(isCharged(deaths, 9), true);
  });
});
