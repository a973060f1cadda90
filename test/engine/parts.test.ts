import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Admission } from "../../src/engine/admission.ts";
import { Catalogue } from "../../src/engine/catalogue.ts";
import type { Answer, Health, Waiter } from "../../src/engine/engine.ts";
import { Flights } from "../../src/engine/flights.ts";
import { Recent } from "../../src/engine/recent.ts";
import { Watchers } from "../../src/engine/watchers.ts";
import type { WatchEvent } from "../../src/protocol/messages.ts";
import type { ErrorBody } from "../../src/task/errors.ts";
import { DEFAULT_POLICY, type ActionInfo } from "../../src/task/task.ts";
import { message } from "../queue/queue-contract.ts";

const done = (task: string): Answer => ({ status: "done", task, result: "1", resultBlob: null });

const admit = (admission: Admission): ErrorBody | null => admission.admit("default", { answer() {} }, false);

describe("admission", () => {
  test("lets in until the queue is full, and says when to come again", () => {
    const admission = new Admission({ maxQueued: 10 });
    for (let n = 0; n < 10; n++) assert.equal(admit(admission), null);
    const { code, retryAfterMs } = admit(admission)!;
    assert.ok(code === "busy" && retryAfterMs! > 0, `${code} ${retryAfterMs}`);
    admission.left(7);
    assert.equal(admit(admission), null);
    admission.setCounts(10, 0);
    assert.equal(admit(admission)?.code, "busy");
  });

  test("refuses when the disk is low, and goes on when it is not", () => {
    const admission = new Admission({ maxQueued: 10 });
    admission.setDiskLow(true);
    assert.equal(admit(admission)?.code, "busy");
    // A full disk is also why the store cannot be written: what is told is what to do about it.
    admission.setStoreAway(true);
    assert.match(admit(admission)!.hint!, /Free space/);
    admission.setDiskLow(false);
    assert.match(admit(admission)!.message, /store cannot be reached/);
    admission.setStoreAway(false);
    assert.equal(admit(admission), null);
  });

  test("is ready only after it was told so, and never again once it drains", () => {
    const admission = new Admission({ maxQueued: 10 });
    assert.deepEqual(admission.health, { state: "starting", reason: "starting" });
    admission.setHealth(true, null);
    assert.deepEqual(admission.health, { state: "ready", reason: null });
    admission.setHealth(false, "the disk is gone");
    assert.deepEqual(admission.health, { state: "not_ready", reason: "the disk is gone" });
    admission.drain();
    admission.setHealth(true, null);
    assert.equal((admission.health as Health).state, "draining");
    assert.equal(admit(admission)?.code, "unavailable");
  });
});

describe("the catalogue", () => {
  const info = (name: string): ActionInfo => {
    const shared = { description: null, queue: "default", priority: 1, policy: DEFAULT_POLICY } as const;
    return { name, ...shared, concurrency: null, expiresMs: null, input: null, output: null };
  };

  test("knows what was ever announced, and what is served now", () => {
    const catalogue = new Catalogue();
    catalogue.remember([info("old")]);
    catalogue.serve([info("upper")]);
    assert.equal(catalogue.find("old").name, "old");
    assert.equal(catalogue.isServed("old"), false);
    assert.equal(catalogue.isServed("upper"), true);
  });

  test("says what was probably meant", () => {
    const catalogue = new Catalogue();
    catalogue.serve([info("upper")]);
    for (const wrong of ["uper", "uppper", "uppre", "Upper"]) {
      assert.throws(() => catalogue.find(wrong), { code: "unknown_action", hint: /"upper"/ });
    }
    for (const name of ["__proto__", "constructor", "toString"]) {
      assert.throws(() => catalogue.find(name), { code: "unknown_action" });
    }
    catalogue.serve([info("one")]);
    assert.throws(() => catalogue.find("nope"), { hint: /`actions` lists/ });
  });
});

describe("flights", () => {
  test("answer everyone who waits, once, and not those who left", () => {
    const flights = new Flights(() => 0);
    const { spec } = message();
    const flight = flights.ride(spec);
    const heard: unknown[] = [];
    const waiter: Waiter = { answer: (token) => void heard.push(token) };
    const gone: Waiter = { answer: () => assert.fail("it had left") };
    flights.add(flight, waiter, 1);
    flights.add(flight, gone, 2);
    for (let n = 0; n < 100; n++) flights.add(flight, waiter, n + 3);
    flights.leave(gone);
    flights.end(spec.id, done(spec.id));
    flights.end(spec.id, done(spec.id));
    assert.equal(heard.length, 101);
    assert.equal(flights.size, 0);
  });

  test("tell which rides grew old without a row, each once", () => {
    let at = 0;
    const flights = new Flights(() => at);
    const old = flights.ride(message().spec);
    const ended = flights.ride(message().spec);
    at = 1000;
    flights.ride(message().spec);
    flights.end(ended.spec!.id, done(ended.spec!.id));
    assert.deepEqual(flights.takeUnwritten(100), [old]);
    assert.deepEqual(flights.takeUnwritten(100), []);
  });
});

describe("watchers", () => {
  const about = { task: "t", action: "upper", queue: "default", owner: null };
  const event: WatchEvent = { type: "progress", at: 0, task: "t", attempt: 1, progress: 1 };
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  test("get a turn's events together, by their filter", async () => {
    const watchers = new Watchers(() => 0);
    const all: number[] = [];
    const other: number[] = [];
    watchers.add({ action: "upper" }, (events) => all.push(events.length));
    watchers.add({ action: "fib" }, (events) => other.push(events.length));
    watchers.emit(about, event);
    watchers.emit(about, event);
    await turn();
    assert.deepEqual([all, other], [[2], []]);
  });

  test("of one task are told that it is over, and cost nothing after", () => {
    const watchers = new Watchers(() => 0);
    let last: boolean | undefined;
    watchers.add({ task: "t" }, (_events, isLast) => (last = isLast));
    watchers.emit(about, event);
    watchers.end("t");
    assert.equal(last, true);
    assert.equal(watchers.isAny, false);
  });

  test("who watches one task hears its end as the last word, however much was left out before", () => {
    const watchers = new Watchers(() => 7);
    let heard: readonly WatchEvent[] = [];
    watchers.add({ task: "t" }, (events, isLast) => {
      if (isLast) heard = events;
    });
    for (let n = 0; n < 10_005; n++)
      watchers.emit(about, { type: "progress", at: n, task: "t", attempt: 1, progress: n });
    const end: WatchEvent = { ...about, type: "state", at: 9, state: "done", attempt: 1 };
    watchers.emit(about, end);
    watchers.end("t");
    assert.deepEqual(heard.slice(-2), [{ type: "missed", at: 7, count: 5 }, end]);
  });

  test("that are flooded within a turn are told how much they missed", async () => {
    const watchers = new Watchers(() => 7);
    let heard: readonly WatchEvent[] = [];
    watchers.add({}, (events) => (heard = events));
    for (let n = 0; n < 10_005; n++) watchers.emit(about, event);
    await turn();
    assert.deepEqual(heard.at(-1), { type: "missed", at: 7, count: 5 });
    assert.equal(heard.length, 10_001);
  });
});

describe("the last seconds", () => {
  test("are told as rates over ten whole ones", () => {
    let now = 1_000_000;
    const recent = new Recent(() => now);
    for (let second = 0; second < 20; second++) {
      recent.submitted(10);
      recent.finished(second % 2 === 0);
      now += 1000;
    }
    assert.deepEqual(recent.perSecond(), { submitted: 10, finished: 1, failed: 0.5 });
    now += 60_000;
    assert.deepEqual(recent.perSecond(), { submitted: 0, finished: 0, failed: 0 });
  });
});
