/** Gives a row to rides that take long, and sleeps while there are none. */
import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import { Flights } from "../../src/engine/flights.ts";
import { Recent } from "../../src/engine/recent.ts";
import { startLateWriter } from "../../src/node/duties/late-writer.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { Store } from "../../src/store/store.ts";
import { newSpecNow } from "../store/sample-events.ts";
import { until } from "../until.ts";

function start(t: TestContext, store: Pick<Store, "apply">) {
  const flights = new Flights(() => performance.now());
  let looks = 0;
  const takeUnwritten = flights.takeUnwritten.bind(flights);
  flights.takeUnwritten = (ageMs) => {
    looks++;
    return takeUnwritten(ageMs);
  };
  const errors: unknown[] = [];
  const duty = startLateWriter(store, flights, new Recent(Date.now), Date.now, (error) => errors.push(error));
  t.after(() => duty.stop());
  return { flights, errors, looks: () => looks };
}

describe("the late writer", () => {
  test("gives a ride a row that comes while it sleeps, and each one after it", async (t) => {
    await using store = await openSqliteStore({ path: ":memory:" });
    const { flights, looks } = start(t, store);
    for (let round = 1; round <= 3; round++) {
      const task = newSpecNow();
      flights.ride(task);
      await until(async () => (await store.get([task.id]))[0] !== null);
      // One more look finds nothing left; then it sleeps.
      const seen = looks();
      await until(async () => looks() > seen || !flights.isAnyUnwritten);
    }
  });

  test("looks at nothing while nobody's ride is without a row", async (t) => {
    await using store = await openSqliteStore({ path: ":memory:" });
    const { looks } = start(t, store);
    await until(async () => looks() > 0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(looks(), 1);
  });

  test("tries again what could not be written", async (t) => {
    await using store = await openSqliteStore({ path: ":memory:" });
    let failures = 2;
    const failing: Pick<Store, "apply"> = {
      apply: (events) => (failures-- > 0 ? Promise.reject(new Error("no disk")) : store.apply(events)),
    };
    const { flights, errors } = start(t, failing);
    const task = newSpecNow();
    flights.ride(task);
    await until(async () => (await store.get([task.id]))[0] !== null);
    assert.equal(errors.length, 2);
  });
});
