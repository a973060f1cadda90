/** What every store must do, whatever it is made of. A driver passes by calling this with a way to open an empty one. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Store } from "../../src/store/store.ts";
import { DONE, FAILED, finish, newSpec, PATIENT, ride, submit } from "./sample-events.ts";
import { accessContract } from "./store-access-contract.ts";
import { listContract } from "./store-list-contract.ts";
import { readContract } from "./store-read-contract.ts";
import { retireContract } from "./store-retire-contract.ts";
import { keyContract, writeContract } from "./store-write-contract.ts";

export type Opened = AsyncDisposable & {
  readonly store: Store;
  /** Closes the store and opens what it left. */
  reopen(): Promise<Store>;
};
export type OpenStore = () => Promise<Opened>;

/** @param keeps false where nothing outlives a store: then what is opened again MUST be empty. */
export function storeContract(name: string, open: OpenStore, keeps = true): void {
  describe(`${name} as a store`, () => {
    writeContract(open);
    keyContract(open);
    readContract(open);
    keepContract(open, keeps);
    listContract(open);
    retireContract(open);
    accessContract(open, keeps);
  });
}

function keepContract(open: OpenStore, keeps: boolean): void {
  test(`what was resolved is ${keeps ? "there" : "gone"} after closing and opening again`, async () => {
    await using opened = await open();
    const [a, b, c] = [newSpec({ key: "k" }), newSpec({ policy: PATIENT }), newSpec()];
    await opened.store.apply([submit(a), submit(b), ride(c), finish(b.id, 1, FAILED)]);
    await opened.store.setQueue({ queue: "math", mode: "paused" });
    const rows = await opened.store.get([a.id, b.id, c.id]);
    const counts = await opened.store.counts();
    const again = await opened.reopen();
    if (!keeps) {
      assert.deepEqual(await again.get([a.id, b.id, c.id]), [null, null, null]);
      assert.deepEqual([await again.counts(), await again.queueStates()], [[], []]);
      return;
    }
    assert.deepEqual(await again.get([a.id, b.id, c.id]), rows);
    assert.deepEqual(await again.getByKey(["k"]), [rows[0]]);
    assert.deepEqual(await again.counts(), counts);
    assert.deepEqual(await again.queueStates(), [{ queue: "math", mode: "paused" }]);
    assert.equal((await again.apply([ride(c)]))[0]!.verdict, "unchanged");
  });

  test("closing waits for what was accepted, and twice is safe", async () => {
    await using opened = await open();
    const spec = newSpec();
    const applied = opened.store.apply([submit(spec)]);
    await Promise.all([opened.store.close(), opened.store.close()]);
    assert.equal((await applied)[0]!.verdict, "applied");
    await assert.rejects(opened.store.apply([submit(newSpec())]), { code: "unavailable" });
    await assert.rejects(opened.store.get([spec.id]), { code: "unavailable" });
    if (keeps) assert.equal((await (await opened.reopen()).get([spec.id]))[0]?.id, spec.id);
  });

  test("it can be probed and told the size of", async () => {
    await using opened = await open();
    await opened.store.probe();
    await opened.store.apply([ride(newSpec(), DONE)]);
    const bytes = await opened.store.size();
    assert.ok(keeps ? bytes > 0 : bytes === 0, String(bytes));
  });
}
