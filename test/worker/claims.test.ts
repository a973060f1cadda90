/** Claims of a node that is alone with its store. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { Store } from "../../src/store/store.ts";
import { TandaError } from "../../src/task/errors.ts";
import { Claims, type ClaimsOptions } from "../../src/worker/claims.ts";
import { newSpecNow, submit } from "../store/sample-events.ts";

/** Writes, and so many times the answer is lost. */
function losing(store: Store, answers: number): Pick<Store, "apply"> {
  return {
    async apply(events) {
      const applied = await store.apply(events);
      if (answers-- > 0) throw new TandaError("unavailable", "The answer was lost.");
      return applied;
    },
  };
}

function openClaims(store: Pick<Store, "apply">): Claims {
  const nothing = (): void => {};
  const options: ClaimsOptions = {
    store,
    leasing: null,
    hands: [],
    now: Date.now,
    onClaimed: nothing,
    onLost: nothing,
    onTrouble: nothing,
  };
  return new Claims(options);
}

describe("claims where nobody else can claim", () => {
  test("are granted when they were written and the answer was lost", async () => {
    await using store = await openSqliteStore({ path: ":memory:" });
    const spec = newSpecNow();
    await store.apply([submit(spec)]);
    const claims = openClaims(losing(store, 2));
    const { applied } = await claims.claim({ spec, attempt: 1, isRide: false, isSuspect: true });
    assert.equal(applied.verdict, "applied");
    const [row] = await store.get([spec.id]);
    assert.deepEqual([row?.state, row?.attempt], ["running", 1]);
    await claims.close(1000);
  });

  test("are refused when another has the attempt, also where an earlier answer was lost", async () => {
    await using store = await openSqliteStore({ path: ":memory:" });
    const [lost, held] = [newSpecNow(), newSpecNow()];
    await store.apply([submit(lost), submit(held)]);
    await store.apply([{ type: "claim", id: held.id, attempt: 1, at: Date.now() }]);
    const claims = openClaims(losing(store, 1));
    await claims.claim({ spec: lost, attempt: 1, isRide: false, isSuspect: true });
    const { applied } = await claims.claim({ spec: held, attempt: 1, isRide: false, isSuspect: true });
    assert.equal(applied.verdict, "unchanged");
    await claims.close(1000);
  });
});
