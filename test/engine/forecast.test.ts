/** What says until when it is to start is refused at the door when it surely would not, and never else. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Forecast } from "../../src/engine/forecast.ts";
import type { Count } from "../../src/store/store.ts";
import { ask, openEngine } from "./open-engine.ts";

const counts = (queued: number, done: number): Count[] => {
  const both: Count[] = [
    { queue: "q", action: "a", state: "queued", count: queued },
    { queue: "q", action: "a", state: "done", count: done },
  ];
  return both.filter(({ count }) => count > 0);
};
const any = (): boolean => true;

/** A recorded run: in each second so many end, while so many wait. */
function recorded(perSecond: readonly number[], waiting: number): Forecast {
  const forecast = new Forecast();
  let done = 0;
  forecast.beat(0, counts(waiting, done));
  for (const [n, ended] of perSecond.entries())
    forecast.beat((n + 1) * 1000, counts(waiting, (done += ended)));
  return forecast;
}

describe("the forecast of a start", () => {
  test("knows nothing of a queue it has not watched at work, and nothing of an empty one", () => {
    assert.equal(recorded([100, 100], 1e6).soonestMs(2000, "q", 1e6), 0);
    assert.equal(recorded([100, 100, 100, 100, 100, 100], 0).soonestMs(6000, "q", 1e6), 0);
    assert.equal(recorded([0, 0, 0, 0, 0, 0], 10).soonestMs(6000, "q", 10), 0);
    assert.equal(recorded([1, 1, 1, 1, 1, 1], 10).soonestMs(6000, "other", 10), 0);
  });

  test("is what waits before, at three times the best second of the last minute", () => {
    const forecast = recorded([100, 100, 500, 100, 100], 30_000);
    assert.equal(forecast.waiting("q", any), 30_000);
    assert.equal(forecast.soonestMs(5000, "q", 30_000), 20_000);
    assert.equal(forecast.soonestMs(5400, "q", 30_000), 19_600);
    assert.ok(forecast.expectedMs("q", 30_000) > 100_000);
  });

  test("never says later than it was, of a thousand runs whose speed changes by up to three times", () => {
    let seed = 7;
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    let said = 0;
    for (let run = 0; run < 1000; run++) {
      const usual = 10 ** (random() * 5);
      const speed = (): number => Math.round(usual * (1 + random() * 2));
      const beats = Array.from({ length: 5 + Math.floor(random() * 60) }, speed);
      const forecast = recorded(beats, 1e6);
      const before = Math.floor(random() * usual * 100);
      let left = before;
      let trueMs = 0;
      for (; left > 0; trueMs += 100) left -= speed() / 10;
      const soonest = forecast.soonestMs(beats.length * 1000, "q", before);
      assert.ok(soonest <= trueMs, `${soonest} said, ${trueMs} true`);
      if (soonest > 0) said++;
    }
    assert.ok(said > 500, `only ${said} were told`);
  });
});

describe("a submit with `expires`", () => {
  const actions = { quick: { run: () => 1 }, slow: { concurrency: 1, run: () => 1 } };
  const submit = { wait: false, expires: "10s" } as const;
  const backlog = (queued: number, ended: number, action = "quick"): Count[] => [
    { queue: "default", action, state: "queued", count: queued },
    { queue: "default", action, state: "done", count: ended },
  ];
  const watch = (forecast: Forecast, count: (ended: number) => Count[]): void => {
    for (let n = 6; n >= 0; n--) forecast.beat(performance.now() - n * 1000, count((6 - n) * 100));
  };

  test("is refused behind a backlog that takes longer for certain, and told how long; without `expires` it is let in", async () => {
    await using node = await openEngine({ actions });
    watch(node.forecast, (ended) => backlog(60_000, ended));
    const answer = await ask(node.engine, "quick", null, submit);
    assert.equal(answer.status, "failed");
    assert.equal(answer.task, null);
    assert.equal(answer.status === "failed" && answer.error.code, "expired");
    assert.match(JSON.stringify(answer), /60000 tasks of its queue default/);
    assert.ok(answer.status === "failed" && answer.error.retryAfterMs! > 300_000);
    const long = await ask(node.engine, "quick", null, { wait: false, expires: "10m" });
    assert.equal(long.status, "queued");
    assert.equal((await ask(node.engine, "quick", null, { wait: false })).status, "queued");
    assert.equal(
      (await ask(node.engine, "quick", null, { ...submit, key: "may be a repeat" })).status,
      "queued",
    );
    assert.equal((await ask(node.engine, "quick", null, { ...submit, queue: "other" })).status, "queued");
  });

  test("is let in where nothing waits, or only what others are let by", async () => {
    await using node = await openEngine({ actions });
    assert.equal((await ask(node.engine, "quick", null, { expires: "10s" })).status, "done");
    watch(node.forecast, (ended) => backlog(60_000, ended, "slow"));
    assert.equal((await ask(node.engine, "quick", null, { expires: "10s" })).status, "done");
    assert.equal((await ask(node.engine, "slow", null, { expires: "10s" })).status, "failed");
  });

  test("is refused when its queue has been paused, or its action not served, for longer than it can wait", async () => {
    await using node = await openEngine({ actions });
    await node.engine.pause("held");
    const held = { wait: false, queue: "held" } as const;
    await new Promise((resolve) => setTimeout(resolve, 30));
    const answer = await ask(node.engine, "quick", null, { ...held, expires: 20 });
    assert.match(JSON.stringify(answer), /"expired".*paused/);
    assert.equal((await ask(node.engine, "quick", null, { ...held, expires: "1h" })).status, "queued");
    node.catalogue.serve([]);
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.match(
      JSON.stringify(await ask(node.engine, "quick", null, { wait: false, expires: 20 })),
      /served/,
    );
    assert.equal((await ask(node.engine, "quick", null, submit)).status, "queued");
  });

  test("is refused when it is due only after it expires", async () => {
    await using node = await openEngine({ actions });
    const answer = await ask(node.engine, "quick", null, { wait: false, delay: "20s", expires: "10s" });
    assert.match(JSON.stringify(answer), /"expired"/);
    assert.equal(
      (await ask(node.engine, "quick", null, { wait: false, delay: "5s", expires: "10s" })).status,
      "scheduled",
    );
  });
});
