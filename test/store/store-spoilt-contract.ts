/** What every store does with a row that was damaged where it lies: src/store/spoilt-row.ts says it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Store } from "../../src/store/store.ts";
import { claim, FAILED, finish, newSpec, PATIENT, submit, T0 } from "./sample-events.ts";

export type Spoilable = AsyncDisposable & {
  readonly store: Store;
  /** Writes a text into a column, behind the store's back. */
  spoil(id: string, column: string, text: string): Promise<void>;
};

const DAMAGES: readonly (readonly [column: string, text: string])[] = [
  ["policy", "{"],
  ["policy", '{"attempts":"many"}'],
  ["error", "[]"],
  ["history", "{}"],
  ["history", "[null]"],
  ["log", "x"],
  ["result_blob", '{"id":1}'],
  ["payload", '1\n{"id":2}'],
];

export function testSpoiltRows(open: () => Promise<Spoilable>): void {
  for (const [column, text] of DAMAGES) {
    test(`a row whose ${column} is ${JSON.stringify(text)} is set aside and told; its neighbours are read`, async () => {
      await using opened = await open();
      const { store } = opened;
      const [before, damaged, behind] = [newSpec(), newSpec({ key: "damaged" }), newSpec()];
      await store.apply([submit(before), submit(damaged), submit(behind)]);
      await opened.spoil(damaged.id, column, text);
      const sound = [before.id, behind.id];
      const isTold = { code: "conflict", message: new RegExp(`${damaged.id} .*${column}`) };
      await assert.rejects(store.get([damaged.id]), isTold);
      assert.deepEqual(
        (await store.backlog("default", 1, null, 10)).map(({ id }) => id),
        sound,
      );
      assert.deepEqual(
        (await store.list({ limit: 10 })).tasks.map(({ id }) => id),
        sound.toReversed(),
      );
      assert.deepEqual(
        (await store.get(sound)).map((task) => task?.id),
        sound,
      );
      await assert.rejects(store.get([damaged.id]), isTold, "it is told still");
      assert.deepEqual(
        (await store.counts()).map(({ state, count }) => [state, count]),
        [["queued", 2]],
      );
    });
  }

  test("an event for a damaged row is a conflict, and changes nothing; those beside it are applied", async () => {
    await using opened = await open();
    const { store } = opened;
    const [damaged, sound] = [newSpec({ key: "damaged", policy: PATIENT }), newSpec()];
    await store.apply([submit(damaged), submit(sound), claim(damaged.id, 1), claim(sound.id, 1)]);
    await opened.spoil(damaged.id, "history", "x");
    const again = newSpec({ key: "damaged" });
    const verdicts = (
      await store.apply([finish(damaged.id, 1, FAILED), finish(sound.id, 1, FAILED), submit(again)])
    ).map(({ verdict }) => verdict);
    assert.deepEqual(verdicts, ["conflict", "applied", "conflict"]);
    assert.deepEqual(
      (await store.running(10)).map(({ id }) => id),
      [],
    );
    const [other] = await store.get([sound.id]);
    assert.notEqual(other!.state, "running");
  });

  test("of rows that are due and overdue the damaged are passed over", async () => {
    await using opened = await open();
    const { store } = opened;
    const some = Array.from({ length: 4 }, (_, n) => newSpec({ dueAt: T0 + n, expiresAt: T0 + 100 + n }));
    await store.apply(some.map(submit));
    await opened.spoil(some[0]!.id, "policy", "x");
    const rest = some.slice(1).map(({ id }) => id);
    assert.deepEqual((await store.overdue(T0 + 1000, 1)).map(({ id }) => id).slice(0, 1), rest.slice(0, 1));
    assert.deepEqual(
      (await store.due(T0 + 1000, 10)).map(({ id }) => id),
      rest,
    );
    assert.equal(await store.nextDueAt(), T0 + 1);
  });
}
