/** What time it is, for nodes of one store. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { StoreClock } from "../../src/fleet/store-clock.ts";

const HOUR_MS = 3_600_000;
const NOON = 1_800_000_000_000;

/** A store whose clock is right, and a machine whose is not; time goes on only as told. */
class Times {
  passedMs = 0;
  skewMs = 0;
  /** Of the next question: to the store, and back. */
  ways: [number, number] = [1, 1];
  readonly clock = new StoreClock({
    store: {
      now: async () => {
        this.passedMs += this.ways[0];
        const at = NOON + this.passedMs;
        this.passedMs += this.ways[1];
        return at;
      },
    },
    measure: () => this.passedMs,
    machineNow: () => NOON + this.passedMs + this.skewMs,
  });

  get wrongByMs(): number {
    return this.clock.now() - (NOON + this.passedMs);
  }
}

describe("the clock of a store", () => {
  test("is gone by, whatever the machine's says, and however that is moved", async () => {
    const times = new Times();
    times.skewMs = HOUR_MS;
    assert.equal(times.wrongByMs, HOUR_MS, "nobody was asked yet");
    await times.clock.ask();
    assert.equal(times.wrongByMs, 0);
    times.passedMs += 5000;
    times.skewMs = -HOUR_MS;
    assert.equal(times.wrongByMs, 0);
  });

  test("is not believed when the answer was long under way, unless there is none better for a minute", async () => {
    const times = new Times();
    await times.clock.ask();
    times.ways = [0, 2000];
    await times.clock.ask();
    assert.equal(times.wrongByMs, 0);
    times.passedMs += 60_000;
    await times.clock.ask();
    assert.equal(times.wrongByMs, -1000, "half of the way");
  });

  test("that cannot be asked leaves what is known", async () => {
    const times = new Times();
    await times.clock.ask();
    const away = new StoreClock({
      store: { now: () => Promise.reject(new Error("away")) },
      measure: () => 0,
      machineNow: () => NOON,
    });
    await assert.rejects(away.ask(), /away/);
    assert.equal(away.now(), NOON);
  });
});
