import assert from "node:assert/strict";
import { test } from "node:test";
import { EventQueue } from "../../src/client/events.ts";
import type { WatchEvent } from "../../src/protocol/messages.ts";

const event = (progress: number): WatchEvent => ({
  type: "progress",
  at: 0,
  task: "t",
  attempt: 1,
  progress,
});

test("a reader that is too slow loses the oldest events and is told how many", async () => {
  const queue = new EventQueue(
    () => undefined,
    () => 7,
  );
  for (let n = 0; n < 10_005; n++) queue.push(event(n));
  queue.end();
  const seen: WatchEvent[] = [];
  for await (const one of queue) seen.push(one);
  assert.deepEqual(seen[0], { type: "missed", at: 7, count: 5 });
  assert.deepEqual(seen[1], event(5));
  assert.equal(seen.length, 10_001);
});

test("it stops once, whoever ends it, and what came before is still read", async () => {
  let stops = 0;
  const queue = new EventQueue(
    () => stops++,
    () => 0,
  );
  queue.push(event(1));
  queue.fail(new Error("broken"));
  queue.end();
  assert.deepEqual(await queue.next(), { done: false, value: event(1) });
  await assert.rejects(queue.next(), /broken/);
  assert.deepEqual(await queue.next(), { done: true, value: undefined });
  await queue.return();
  assert.equal(stops, 1);
});

test("readers that wait are served in turn", async () => {
  const queue = new EventQueue(
    () => undefined,
    () => 0,
  );
  const reads = [queue.next(), queue.next(), queue.next()];
  queue.push(event(1));
  queue.push(event(2));
  queue.end();
  const [first, second, third] = await Promise.all(reads);
  assert.deepEqual([first!.value, second!.value, third!.done], [event(1), event(2), true]);
});
