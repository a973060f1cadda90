import assert from "node:assert/strict";
import { test } from "node:test";
import { History } from "../../src/engine/history.ts";
import type { StatsView } from "../../src/protocol/messages.ts";

const START = 1_800_000_000_000;

function stats(at: number, finished: number, more: Partial<StatsView> = {}): StatsView {
  return {
    at,
    uptimeMs: 1,
    counts: [],
    states: { queued: 5, done: 100 },
    perSecond: { submitted: 2 * finished, finished, failed: 0 },
    startDelayMs: { p50: 1, p99: 10 },
    runMs: { p50: 2, p99: 20 },
    inFlight: 3,
    inFlightBytes: 0,
    connections: 1,
    threads: { total: 2, busy: 1 },
    eventLoopLagMs: 0,
    storeBytes: 0,
    ...more,
  };
}

test("each window has its steps, at whole multiples of their length", () => {
  const history = new History();
  for (let n = 0; n < 30; n++) history.add(stats(START + 1000 + n * 2000, n));
  const [minutes, hours, day] = (["10m", "2h", "1d"] as const).map((window) => history.view(window));
  assert.deepEqual([minutes!.stepMs, hours!.stepMs, day!.stepMs], [2000, 30_000, 300_000]);
  assert.deepEqual(
    minutes!.points.map(({ at, perSecond }) => [at, perSecond.finished]),
    Array.from({ length: 30 }, (_, n) => [START + n * 2000, n]),
  );
  assert.deepEqual(
    hours!.points.map(({ at }) => at),
    [START, START + 30_000],
  );
  assert.equal(day!.points.length, 1);
});

test("within a step rates are means, and of what is worst the worst is kept", () => {
  const history = new History();
  history.add(stats(START, 10));
  history.add(stats(START + 2000, 20, { startDelayMs: { p50: 3, p99: 500 }, states: { queued: 70 } }));
  history.add(stats(START + 4000, 60, { threads: { total: 4, busy: 4 } }));
  const [point] = history.view("2h").points;
  assert.deepEqual(point, {
    at: START,
    perSecond: { submitted: 60, finished: 30, failed: 0 },
    startDelayMs: { p50: (1 + 3 + 1) / 3, p99: 500 },
    runMs: { p50: 2, p99: 20 },
    waiting: 70,
    inFlight: 3,
    threads: { total: 4, busy: 2 },
  });
});

test("what is older than the window is forgotten, also when nothing was measured for long", () => {
  const history = new History();
  for (let n = 0; n < 1000; n++) history.add(stats(START + n * 2000, n));
  const { points } = history.view("10m");
  assert.equal(points.length, 300);
  assert.equal(points[0]!.perSecond.finished, 700);
  const later = START + 3_600_000;
  history.add(stats(later, 7));
  assert.deepEqual(
    history.view("10m").points.map(({ at }) => at),
    [later],
    "the machine slept",
  );
});

test("a clock that goes back loses nothing of what was measured", () => {
  const history = new History();
  history.add(stats(START + 60_000, 10));
  history.add(stats(START, 30));
  assert.deepEqual(
    history.view("10m").points.map(({ at, perSecond }) => [at, perSecond.finished]),
    [[START + 60_000, 20]],
  );
});
