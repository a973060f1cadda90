/** What is asked about before it runs: how much of it may be on its way. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { Claims } from "../../src/worker/claims.ts";
import { Gate } from "../../src/worker/gate.ts";
import { promised } from "../queue/queue-contract.ts";
import { until } from "../until.ts";

const nothing = (): void => {};
/** One has room for one, and ends one in a millisecond. */
const pool = { room: (): number => 1, ahead: (_action: string, ms: number): number => Math.floor(ms) };

describe("the gate", () => {
  test("lets in as many more as end while one is asked about, but rides and no more than that", async () => {
    await using store = await openSqliteStore({ path: ":memory:" });
    const observer = { onClaimed: nothing, onLost: nothing, onTrouble: nothing };
    const claims = new Claims({ store, leasing: null, hands: [], now: Date.now, ...observer });
    let passed = 0;
    const gate = new Gate({
      claims,
      check: async () => {
        await delay(100);
        return new Set();
      },
      onPass: (messages) => (passed += messages.length),
      onRefused: nothing,
      onStale: nothing,
      onRoom: nothing,
      onTrouble: nothing,
    });
    assert.equal(gate.room("upper", pool, true), 1, "nothing is known yet");
    for (let n = 1; n <= 5; n++) {
      gate.check([promised()]);
      await until("it passed", () => passed === n);
    }
    const room = gate.room("upper", pool, true);
    assert.ok(room > 40 && room <= 201, `room for ${room}`);
    assert.equal(gate.room("upper", pool, false), 1);
    gate.check(Array.from({ length: room - 3 }, () => promised()));
    assert.equal(gate.room("upper", pool, true), 3);
    assert.equal(gate.room("upper", pool, false), 0);
    gate.close();
    await claims.close(1000);
  });
});
