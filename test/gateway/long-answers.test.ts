import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Pace } from "../../src/gateway/pace.ts";
import { LongAnswers } from "../../src/gateway/long-answers.ts";

describe("long answers", () => {
  test("of one connection come one after another, of all no more than two at once, and each comes", async () => {
    const all = new LongAnswers(
      new Pace(
        () => 0,
        () => 0,
      ),
    );
    const running = new Map<number, number>();
    let most = 0;
    const answers = Array.from({ length: 5 }, (_, connection) => {
      const one = all.of(() => true);
      return Array.from({ length: 4 }, (_one, n) =>
        one.ask(async () => {
          assert.ok(!running.has(connection), "two of one connection at once");
          running.set(connection, n);
          most = Math.max(most, running.size);
          await delay(1);
          running.delete(connection);
          return n;
        }),
      );
    });
    assert.deepEqual(
      await Promise.all(answers.map((some) => Promise.all(some))),
      Array.from({ length: 5 }, () => [0, 1, 2, 3]),
    );
    assert.equal(most, 2);
  });

  test("come one at a time beside who asks for little, while the loop is busy, and two again afterwards", async () => {
    let now = 0;
    let busyMs = 0;
    const pace = new Pace(
      () => now,
      () => busyMs,
    );
    const all = new LongAnswers(pace);
    const ends: (() => void)[] = [];
    const ask = (): void => void all.of(() => true).ask(() => new Promise<void>((end) => ends.push(end)));
    ask();
    await delay(5);
    now = busyMs = 5;
    pace.little();
    for (let n = 0; n < 3; n++) ask();
    await delay(20);
    assert.equal(ends.length, 1);
    // The loop has rested.
    now = 1000;
    ends[0]!();
    await delay(50);
    assert.equal(ends.length, 3, "two at once");
  });

  test("are not asked for while their client does not read, and others do not wait for it", async () => {
    const all = new LongAnswers(
      new Pace(
        () => 0,
        () => 0,
      ),
    );
    let isDeaf = true;
    const deaf = all.of(() => !isDeaf);
    const asked = deaf.ask(async () => "heard");
    assert.equal(await all.of(() => true).ask(async () => "other"), "other");
    isDeaf = false;
    deaf.relieved();
    assert.equal(await asked, "heard");
  });

  test("that fail are told as failed, and the next has its turn", async () => {
    const one = new LongAnswers(
      new Pace(
        () => 0,
        () => 0,
      ),
    ).of(() => true);
    await assert.rejects(
      one.ask(() => Promise.reject(new Error("no"))),
      { message: "no" },
    );
    assert.equal(await one.ask(async () => 1), 1);
  });
});
