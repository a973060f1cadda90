/** Outcomes are written, whatever the store says to some of them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { Applied, Store } from "../../src/store/store.ts";
import type { TaskEvent } from "../../src/task/decide.ts";
import { TandaError } from "../../src/task/errors.ts";
import { Recorder } from "../../src/worker/recorder.ts";
import { newSpec, ride } from "../store/sample-events.ts";
import { until } from "../until.ts";

/** Refuses, whole, every call with an event that `refuses` says something to. */
function refusing(store: Store, refuses: (event: TaskEvent) => TandaError | null): Pick<Store, "apply"> {
  return {
    apply(events) {
      const refusal = events.map(refuses).find((error) => error !== null);
      return refusal ? Promise.reject(refusal) : store.apply(events);
    },
  };
}

/** Takes nothing until it is let go. */
function held(store: Store): { store: Pick<Store, "apply">; letGo: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { store: { apply: (events) => promise.then(() => store.apply(events)) }, letGo: resolve };
}

describe("the recorder", () => {
  test("does not let one event that cannot be stored hold up those beside it", async () => {
    await using store = await openSqliteStore({ path: ":memory:" });
    const specs = [newSpec(), newSpec(), newSpec()];
    const bad = specs[1]!.id;
    const troubles: unknown[] = [];
    const refuse = (event: TaskEvent): TandaError | null =>
      event.id === bad ? new TandaError("internal", "no such row can be") : null;
    const recorder = new Recorder(refusing(store, refuse), (error) => troubles.push(error));
    const recorded: string[] = [];
    for (const spec of specs)
      recorder.record(ride(spec), ({ verdict }: Applied) => void recorded.push(`${spec.id} ${verdict}`));
    await until(() => recorded.length === 2);
    assert.deepEqual(recorded, [`${specs[0]!.id} applied`, `${specs[2]!.id} applied`]);
    assert.ok(troubles.length >= 2);
    recorder.close();
  });

  test("writes a large end before what comes behind it about the same task, and holds up nobody else with it", async () => {
    await using store = await openSqliteStore({ path: ":memory:" });
    const calls: string[][] = [];
    const noted: Pick<Store, "apply"> = {
      apply: (events) => {
        calls.push(events.map(({ type, id }) => `${type} ${id}`));
        return store.apply(events);
      },
    };
    const recorder = new Recorder(noted, () => {});
    const [large, small] = [newSpec(), newSpec()];
    const result = JSON.stringify("r".repeat(100_000));
    const verdicts: string[] = [];
    const note = ({ verdict }: Applied): void => void verdicts.push(verdict);
    recorder.record(ride(large, { type: "done", result, resultBlob: null }), note);
    recorder.record({ type: "cancel", id: large.id, at: Date.now() }, note);
    recorder.record(ride(small), note);
    await recorder.settled();
    assert.deepEqual(calls, [[`finish ${small.id}`], [`finish ${large.id}`, `cancel ${large.id}`]]);
    assert.equal((await store.get([large.id]))[0]!.state, "done");
    assert.equal(verdicts.length, 3);
  });

  test("goes on trying while the disk is full, and then tells all, in order", async () => {
    await using store = await openSqliteStore({ path: ":memory:" });
    let isFull = true;
    let calls = 0;
    const refuse = (): TandaError | null => (isFull ? new TandaError("busy", "The disk is full.") : null);
    const through = refusing(store, refuse);
    const counted: Pick<Store, "apply"> = { apply: (events) => (calls++, through.apply(events)) };
    const recorder = new Recorder(counted, () => {});
    const specs = Array.from({ length: 50 }, () => newSpec());
    const recorded: string[] = [];
    for (const spec of specs) recorder.record(ride(spec), () => void recorded.push(spec.id));
    await until(() => calls >= 2);
    // Together as before: a full disk is not made fuller by asking fifty times.
    assert.equal(calls, 2);
    isFull = false;
    await recorder.settled();
    assert.deepEqual(
      recorded,
      specs.map(({ id }) => id),
    );
  });

  test("is full when much waits for the store, and says when there is room again", async () => {
    await using store = await openSqliteStore({ path: ":memory:" });
    const slow = held(store);
    let rooms = 0;
    const recorder = new Recorder(
      slow.store,
      (error) => assert.fail(String(error)),
      () => rooms++,
    );
    let count = 0;
    while (recorder.room > 0) {
      assert.ok(count < 100_000, "what waits is bounded");
      recorder.record(ride(newSpec()), () => {});
      count++;
    }
    assert.equal(rooms, 0);
    slow.letGo();
    await recorder.settled();
    assert.equal(rooms, 1);
    assert.ok(recorder.room > 0);
  });

  /** Records large ends of `large` until there is no room for more of them. @returns how many. */
  function fill(recorder: Recorder): number {
    const large = { action: "large", payload: JSON.stringify("p".repeat(50_000)) };
    let count = 0;
    for (; recorder.roomFor("large") > 0; count++) {
      assert.ok(count < 50, "what waits is bounded in size");
      recorder.record(ride(newSpec(large)), () => {}, "large");
    }
    return count;
  }

  test("has room for few that are large, so that not much of them waits, and meanwhile for many of an action that ends small", async () => {
    await using store = await openSqliteStore({ path: ":memory:" });
    const slow = held(store);
    let rooms = 0;
    const recorder = new Recorder(
      slow.store,
      (error) => assert.fail(String(error)),
      () => rooms++,
    );
    assert.ok(recorder.roomFor("large") >= 1000);
    recorder.record(ride(newSpec()), () => {}, "small");
    fill(recorder);
    assert.ok(recorder.roomFor("small") >= 1000, `${recorder.roomFor("small")} beside what is large`);
    assert.equal(rooms, 0);
    slow.letGo();
    await recorder.settled();
    assert.ok(rooms > 0);
    assert.ok(
      recorder.roomFor("large") > 0 && recorder.roomFor("large") < 60,
      `${recorder.roomFor("large")}`,
    );
    for (let n = 0; n < 100; n++) recorder.record(ride(newSpec()), () => {}, "large");
    assert.ok(recorder.roomFor("large") >= 1000, "its last were small");
    await recorder.settled();
  });

  test("lets less of what is large wait while others end small, and more again when they have gone", async () => {
    await using store = await openSqliteStore({ path: ":memory:" });
    const recorder = new Recorder(store, (error) => assert.fail(String(error)));
    const alone = fill(recorder);
    await recorder.settled();
    recorder.record(ride(newSpec()), () => {}, "small");
    const beside = fill(recorder);
    await recorder.settled();
    assert.ok(beside <= alone / 3, `${beside} beside, ${alone} alone`);
    let last = beside;
    for (let n = 0; n < 200 && last === beside; n++) {
      last = fill(recorder);
      await recorder.settled();
    }
    assert.equal(last, alone);
  });

  test("is full while the disk is, and not for what the store will not take", async () => {
    await using store = await openSqliteStore({ path: ":memory:" });
    const [bad, good] = [newSpec(), newSpec()];
    let isDiskFull = true;
    const refuse = (event: TaskEvent): TandaError | null => {
      if (isDiskFull) return new TandaError("busy", "The disk is full.");
      return event.id === bad.id ? new TandaError("internal", "no such row can be") : null;
    };
    let rooms = 0;
    const recorder = new Recorder(
      refusing(store, refuse),
      () => {},
      () => rooms++,
    );
    const recorded: string[] = [];
    for (const spec of [bad, good]) recorder.record(ride(spec), () => void recorded.push(spec.id));
    await until(() => recorder.room === 0);
    isDiskFull = false;
    await until(() => recorded.length === 1);
    assert.deepEqual({ recorded, rooms }, { recorded: [good.id], rooms: 1 });
    assert.ok(recorder.room > 0);
    recorder.close();
  });
});
