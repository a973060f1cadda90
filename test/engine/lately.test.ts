import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Lately } from "../../src/engine/lately.ts";
import { Metrics } from "../../src/engine/metrics.ts";

const NOTHING = { submitted: 0, finished: 0, failed: 0 };
const NO_TIME = { p50: 0, p99: 0 };

/** A node of which only the figures are there, and a clock that the test moves on; a sample every two seconds, as a node takes. */
class Figures {
  readonly metrics = new Metrics();
  now = 5_000_000;
  readonly lately = new Lately(this.metrics, () => this.now);

  do(count: number, action: string, queue: string, state = "done", runS = 0.004): void {
    for (let n = 0; n < count; n++) {
      this.lately.submitted(action, queue);
      this.metrics.observeStartDelay(action, 0.05);
      this.metrics.observeRun(action, runS);
      this.metrics.countFinished(action, state, state === "failed" ? "task_error" : "");
      this.lately.finished(queue, state === "failed");
    }
  }

  pass(seconds: number, each: () => void = () => {}): void {
    for (let passed = 0; passed < seconds; passed += 2) {
      each();
      this.now += 2000;
      this.lately.sample();
    }
  }
}

describe("what queues and actions did lately", () => {
  test("is told of the last ten seconds as rates, at once and of each apart", () => {
    const figures = new Figures();
    const { lately } = figures;
    figures.pass(60, () => {
      figures.do(16, "upper", "default");
      figures.do(4, "upper", "mail", "failed");
      figures.do(2, "send", "mail", "cancelled");
    });
    assert.deepEqual(lately.ofQueue("default"), { submitted: 8, finished: 8, failed: 0 });
    assert.deepEqual(lately.ofQueue("mail"), { submitted: 3, finished: 3, failed: 2 });
    assert.deepEqual(lately.ofAction("upper").perSecond, { submitted: 10, finished: 10, failed: 2 });
    assert.deepEqual(lately.ofAction("send").perSecond, { submitted: 1, finished: 1, failed: 0 });
    figures.do(100, "upper", "default");
    assert.equal(lately.ofQueue("default").finished, 18);
    assert.deepEqual(lately.ofQueue("nobody's"), NOTHING);
    figures.pass(14);
    assert.deepEqual([lately.ofQueue("default"), lately.ofAction("upper").perSecond], [NOTHING, NOTHING]);
  });

  test("of a node that began just now is spread over the whole ten seconds", () => {
    const figures = new Figures();
    figures.do(5, "upper", "default");
    assert.equal(figures.lately.ofQueue("default").finished, 0.5);
    figures.pass(8);
    assert.equal(figures.lately.ofQueue("default").finished, 0.5);
    figures.pass(4);
    assert.equal(figures.lately.ofQueue("default").finished, 0);
  });

  test("is spread over the time that passed when samples were late", () => {
    const figures = new Figures();
    figures.pass(20);
    figures.do(100, "upper", "default");
    figures.now += 40_000;
    assert.equal(figures.lately.ofQueue("default").finished, 2.5);
  });

  test("is told of the last ten minutes: how many finished and failed, how long they waited and ran", () => {
    const figures = new Figures();
    const { lately } = figures;
    figures.pass(60, () => figures.do(1, "upper", "default", "failed", 50));
    figures.pass(720, () => figures.do(1, "upper", "default", "done", 0.004));
    figures.do(3, "upper", "default", "failed", 0.004);
    const { finished, failed, startDelayMs, runMs } = lately.ofAction("upper").last10m;
    assert.ok(finished >= 303 && finished <= 318, `of ten minutes and half a minute at most: ${finished}`);
    assert.equal(failed, 3, "what failed before is over");
    assert.ok(startDelayMs.p50 > 25 && startDelayMs.p99 <= 50, JSON.stringify(startDelayMs));
    assert.ok(runMs.p50 > 2.5 && runMs.p99 <= 5, JSON.stringify(runMs));
    figures.pass(632);
    assert.deepEqual(lately.ofAction("upper").last10m, {
      finished: 0,
      failed: 0,
      startDelayMs: NO_TIME,
      runMs: NO_TIME,
    });
  });

  test("of an action that nobody used is nothing, in every figure", () => {
    assert.deepEqual(new Figures().lately.ofAction("__proto__"), {
      perSecond: NOTHING,
      last10m: { finished: 0, failed: 0, startDelayMs: NO_TIME, runMs: NO_TIME },
    });
  });

  test("tells others only of those that did something, the busiest first and not too many", () => {
    const figures = new Figures();
    const { lately } = figures;
    figures.do(1, "upper", "idle");
    figures.pass(20);
    figures.do(1, "send", "slow");
    figures.do(5, "upper", "quick");
    assert.deepEqual(
      lately.queues().map(({ queue }) => queue),
      ["quick", "slow"],
    );
    figures.pass(20);
    assert.deepEqual(lately.queues(), []);
    assert.deepEqual(
      lately.actions().map(({ action, last10m }) => [action, last10m.finished]),
      [
        ["upper", 6],
        ["send", 1],
      ],
    );
    figures.pass(640);
    assert.deepEqual(lately.actions(), []);
    for (let n = 0; n < 2000; n++) figures.do(1, "upper", `queue ${n}`);
    assert.equal(lately.queues().length, 500);
  });

  test("counts no more queues than it may, until others are idle; one that comes again begins anew", () => {
    const figures = new Figures();
    const { lately } = figures;
    for (let n = 0; n < 2000; n++) lately.submitted("upper", `queue ${n}`);
    figures.pass(2, () => lately.submitted("upper", "one too many"));
    assert.deepEqual(lately.ofQueue("one too many"), NOTHING);
    assert.equal(lately.ofQueue("queue 0").submitted, 0.1);
    figures.pass(20);
    lately.submitted("upper", "one too many");
    assert.equal(lately.ofQueue("one too many").submitted, 0.1);
    lately.submitted("upper", "queue 0");
    assert.equal(lately.ofQueue("queue 0").submitted, 0.1);
    assert.equal(lately.queues().length, 2);
  });
});
