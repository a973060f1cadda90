import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineParts } from "../../src/engine/parts.ts";
import { emitEnd } from "../../src/engine/state-events.ts";
import { Watchers } from "../../src/engine/watchers.ts";
import type { WatchEvent } from "../../src/protocol/messages.ts";
import { newTask, type Task } from "../../src/task/task.ts";
import { newSpec, T0 } from "../store/sample-events.ts";

function open(result: string): { parts: EngineParts; row: Task; told: WatchEvent[]; reads: () => number } {
  const watchers = new Watchers(() => T0);
  const told: WatchEvent[] = [];
  const listener = (events: readonly WatchEvent[]): void => void told.push(...events);
  watchers.add({}, listener);
  watchers.add({}, listener);
  let reads = 0;
  const row: Task = {
    ...newTask(newSpec()),
    state: "done",
    attempt: 1,
    finishedAt: T0 + 5,
    get result(): string {
      reads++;
      return result;
    },
  };
  return { parts: { watchers, now: () => T0 } as EngineParts, row, told, reads: () => reads };
}

test("a result is not looked at before somebody is told of it, and then once for all", async () => {
  const { parts, row, told, reads } = open('"HOLA"');
  emitEnd(parts, row);
  await new Promise(setImmediate);
  assert.equal(told.length, 2);
  assert.equal(reads(), 0);
  const texts = told.map((event) => JSON.stringify(event));
  assert.equal(texts[0], texts[1]);
  const { view, ...event } = JSON.parse(texts[0]!);
  assert.equal(event.state, "done");
  assert.equal(event.at, T0 + 5);
  assert.equal(view.result, "HOLA");
  assert.ok(!("payload" in view));
  assert.ok(reads() <= 2, `looked at ${reads()} times`);
});

test("a damaged result does not keep the end of its task from those who watch", async () => {
  const { parts, row, told } = open('"HOL');
  emitEnd(parts, row);
  await new Promise(setImmediate);
  const { state, view } = JSON.parse(JSON.stringify(told[0]));
  assert.equal(state, "done");
  assert.equal(view.task, row.id);
  assert.ok(!("result" in view));
});
