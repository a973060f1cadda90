/** What a thread is given while it runs, by what is expected of that run. Time is passed in. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ActionLoad } from "../../src/worker/action-load.ts";
import { Placement } from "../../src/worker/placement.ts";
import { RunMeans } from "../../src/worker/run-means.ts";
import { ThreadLink } from "../../src/worker/thread-link.ts";

const NAMES = ["tiny", "short", "medium", "long", "unknown"] as const;
type Name = (typeof NAMES)[number];

function open(): {
  placement: Placement;
  link: ThreadLink;
  room: (action: Name, now: number) => number;
  hand: (action: Name, now: number) => void;
} {
  const means = new RunMeans();
  for (const [name, ms] of [
    ["tiny", 0.01],
    ["short", 1],
    ["medium", 20],
    ["long", 80],
  ] as const)
    means.add(name, ms);
  const placement = new Placement(means);
  const link = new ThreadLink(1, () => {});
  link.state = "up";
  const loads = new Map(NAMES.map((name) => [name, new ActionLoad({ name, concurrency: null } as never, 1)]));
  let seq = 0;
  const load = (name: Name): ActionLoad => loads.get(name)!;
  return {
    placement,
    link,
    room: (name, now) => placement.room(load(name), [link], now),
    hand: (name, now) => {
      const run = { seq: ++seq, task: "t", action: name, attempt: 1, timeoutMs: 1000, payload: "1" };
      link.hand({ ...run, payloadBlob: null }, load(name), now, placement.estimateMs(load(name)));
    },
  };
}

describe("behind the run of a thread", () => {
  test("of tens of milliseconds one waits ready shortly before its end, and not sooner", () => {
    const { room, hand } = open();
    hand("medium", 0);
    assert.deepEqual(
      [0, 5, 16.9, 17, 19, 24].map((now) => room("medium", now)),
      [0, 0, 0, 1, 1, 1],
    );
    hand("medium", 18);
    assert.equal(room("medium", 18.1), 0);
  });

  test("that takes longer than expected nothing more is put", () => {
    const { room, hand } = open();
    hand("medium", 0);
    assert.equal(room("medium", 24.1), 0);
    assert.equal(room("tiny", 24.1), 0);
  });

  test("many tiny ones wait, as long as they are short together", () => {
    const { room, hand } = open();
    hand("medium", 0);
    assert.ok(room("tiny", 19) > 25 && room("tiny", 19) <= 51, `${room("tiny", 19)}`);
    hand("tiny", 19);
    assert.equal(room("tiny", 19), 0, "of two the end is not foreseen");
  });

  test("that is long nothing waits, nor of an action that was never measured", () => {
    const { room, hand } = open();
    hand("long", 0);
    assert.deepEqual(
      [0, 79, 81].map((now) => room("long", now)),
      [0, 0, 0],
    );
    const other = open();
    other.hand("unknown", 0);
    assert.deepEqual(
      [0, 2, 5].map((now) => other.room("unknown", now)),
      [0, 0, 0],
    );
  });

  test("that is short another waits from its begin, and no more: whoever comes new waits behind both", () => {
    const { room, hand } = open();
    hand("short", 0);
    assert.equal(room("short", 0), 1);
    hand("short", 0);
    assert.equal(room("short", 0), 0);
  });
});

test("when there will be room is known beforehand, and not where it is uncertain or there is some", () => {
  const { placement, link, hand } = open();
  assert.equal(placement.opensAt([link], 0), Infinity);
  hand("medium", 100);
  assert.equal(placement.opensAt([link], 100), 117);
  assert.equal(placement.opensAt([link], 117), Infinity);
  hand("medium", 118);
  assert.equal(placement.opensAt([link], 118), Infinity);
  const long = open();
  long.hand("long", 0);
  assert.equal(long.placement.opensAt([long.link], 0), Infinity);
});
