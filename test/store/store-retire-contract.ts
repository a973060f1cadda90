import assert from "node:assert/strict";
import { test } from "node:test";
import type { RetentionRule, Store } from "../../src/store/store.ts";
import { DEFAULT_POLICY } from "../../src/task/task.ts";
import { DAY_MS, DONE, FAILED, newSpec, ride, simple, submit, T0 } from "./sample-events.ts";
import type { OpenStore } from "./store-contract.ts";

const KEEP_ALL: RetentionRule = { now: T0, finishedBefore: 0, maxFinished: 1e9, maxBytes: 1e15 };

/** Until there is no more to do. */
async function retireAll(store: Store, rule: Partial<RetentionRule>): Promise<number> {
  let sum = 0;
  for (;;) {
    const { deleted, isMore } = await store.retire({ ...KEEP_ALL, ...rule });
    sum += deleted;
    if (!isMore) return sum;
  }
}

async function listIds(store: Store): Promise<string[]> {
  return (await store.list({ limit: 1000 })).tasks.map(({ id }) => id).toReversed();
}

export function retireContract(open: OpenStore): void {
  test("tasks that finished before the instant are deleted, others and unfinished ones are not", async () => {
    await using opened = await open();
    const { store } = opened;
    const specs = Array.from({ length: 900 }, () => newSpec());
    await store.apply(specs.slice(0, 300).map((spec) => ride(spec, DONE, T0 + 10)));
    await store.apply(specs.slice(300, 600).map((spec) => submit(spec)));
    await store.apply(specs.slice(600).map((spec, i) => ride(spec, FAILED, i % 2 ? T0 + 10 : T0 + 20)));
    assert.equal(await retireAll(store, { finishedBefore: T0 + 10 }), 0);
    assert.equal(await retireAll(store, { finishedBefore: T0 + 11 }), 450);
    const kept = [...specs.slice(300, 600), ...specs.slice(600).filter((_, i) => i % 2 === 0)];
    assert.deepEqual(
      await listIds(store),
      kept.map(({ id }) => id),
    );
    assert.equal(await retireAll(store, { finishedBefore: T0 + 11 }), 0);
    assert.equal(await retireAll(store, { finishedBefore: T0 + 21 }), 150);
    assert.deepEqual(await store.counts(), [
      { queue: "default", action: "upper", state: "queued", count: 300 },
    ]);
  });

  test("a task's own retention goes before the rule, shorter or longer", async () => {
    await using opened = await open();
    const { store } = opened;
    const [short, long] = [1000, 30 * DAY_MS].map((retentionMs) =>
      newSpec({ policy: { ...DEFAULT_POLICY, retentionMs } }),
    ) as [ReturnType<typeof newSpec>, ReturnType<typeof newSpec>];
    const usual = newSpec();
    await store.apply([ride(short), ride(long), submit(usual), simple("cancel", usual.id, T0 + 2)]);
    assert.equal(await retireAll(store, { now: T0 + 1001 }), 0);
    assert.equal(await retireAll(store, { now: T0 + 1002 }), 1);
    assert.deepEqual(await listIds(store), [long.id, usual.id]);
    const later = T0 + 8 * DAY_MS;
    assert.equal(await retireAll(store, { now: later, finishedBefore: later - DAY_MS }), 1);
    assert.deepEqual(await listIds(store), [long.id]);
    assert.equal(await retireAll(store, { now: T0 + 31 * DAY_MS }), 1);
  });

  test("a task tried again by hand is no longer to be deleted", async () => {
    await using opened = await open();
    const { store } = opened;
    const spec = newSpec({ policy: { ...DEFAULT_POLICY, retentionMs: 5 } });
    await store.apply([ride(spec, FAILED), simple("retry", spec.id)]);
    assert.equal(await retireAll(store, { now: T0 + DAY_MS, finishedBefore: T0 + DAY_MS }), 0);
  });

  test("of too many finished tasks the oldest go, and exactly the excess", async () => {
    await using opened = await open();
    const { store } = opened;
    const specs = Array.from({ length: 1000 }, () => newSpec());
    await store.apply(specs.map((spec, i) => (i % 10 === 0 ? submit(spec) : ride(spec))));
    assert.equal(await retireAll(store, { maxFinished: 900 }), 0);
    assert.equal(await retireAll(store, { maxFinished: 350 }), 550);
    const finished = specs.filter((_, i) => i % 10 !== 0).slice(550);
    const ids = new Set([...finished, ...specs.filter((_, i) => i % 10 === 0)].map(({ id }) => id));
    assert.deepEqual(new Set(await listIds(store)), ids);
    assert.equal(await retireAll(store, { maxFinished: 340 }), 10);
    assert.equal(await retireAll(store, { maxFinished: 0 }), 340);
    assert.equal((await listIds(store)).length, 100);
  });

  test("too many bytes are brought down by deleting the oldest", async () => {
    await using opened = await open();
    const { store } = opened;
    const payload = JSON.stringify("x".repeat(5000));
    const specs = Array.from({ length: 400 }, () => newSpec({ payload }));
    await store.apply(specs.map((spec) => ride(spec)));
    assert.equal(await retireAll(store, { maxBytes: 1e8 }), 0);
    const deleted = await retireAll(store, { maxBytes: 1_000_000 });
    assert.ok(deleted > 100 && deleted < 400, String(deleted));
    assert.deepEqual(
      await listIds(store),
      specs.slice(deleted).map(({ id }) => id),
    );
    assert.equal(await retireAll(store, { maxBytes: 1_000_000 }), 0);
  });

  test("of tasks of many queues, actions and states side by side, what is counted afterwards is what is left", async () => {
    await using opened = await open();
    const { store } = opened;
    const specs = Array.from({ length: 600 }, (_, i) =>
      newSpec({ queue: `q${i % 3}`, action: i % 2 ? "upper" : "echo" }),
    );
    await store.apply(
      specs.map((spec, i) => (i % 5 === 0 ? submit(spec) : ride(spec, i % 7 === 0 ? FAILED : DONE))),
    );
    assert.equal(await retireAll(store, { maxFinished: 100 }), 380);
    const left = new Map<string, number>();
    for (const { queue, action, state } of (await store.list({ limit: 1000 })).tasks) {
      const name = `${queue} ${action} ${state}`;
      left.set(name, (left.get(name) ?? 0) + 1);
    }
    const counted = (await store.counts()).map(
      ({ queue, action, state, count }) => [`${queue} ${action} ${state}`, count] as const,
    );
    assert.deepEqual(new Map(counted), left);
  });

  test("what a deleted task referred to is no longer referred to, what its neighbours refer to is", async () => {
    await using opened = await open();
    const { store } = opened;
    const blob = (n: number): string => n.toString(16).padStart(64, "0");
    const make = (n: number, policy = DEFAULT_POLICY) =>
      newSpec({ payload: "", payloadBlob: blob(n), policy });
    const short = { ...DEFAULT_POLICY, retentionMs: 1000 };
    const waiting = [0, 4, 8].map((n) => make(n));
    const own = [1, 5].map((n) => make(n, short));
    const usual = [2, 6, 9].map((n) => make(n));
    const all = [...waiting, ...own, ...usual].toSorted((a, b) => (a.payloadBlob! < b.payloadBlob! ? -1 : 1));
    await store.apply(all.map((spec) => (waiting.includes(spec) ? submit(spec) : ride(spec))));
    const blobs = all.map(({ payloadBlob }) => payloadBlob!);
    assert.deepEqual((await store.referredBlobs(blobs)).toSorted(), blobs);
    assert.equal(await retireAll(store, { now: T0 + 1002 }), own.length);
    assert.deepEqual((await store.referredBlobs(blobs)).toSorted(), [0, 2, 4, 6, 8, 9].map(blob));
    assert.equal(await retireAll(store, { maxFinished: 1 }), usual.length - 1);
    assert.deepEqual((await store.referredBlobs(blobs)).toSorted(), [0, 4, 8, 9].map(blob));
  });

  test("many tasks are deleted little by little", async () => {
    await using opened = await open();
    const { store } = opened;
    const specs = Array.from({ length: 30_000 }, () => newSpec());
    await store.apply(specs.map((spec) => ride(spec)));
    const first = await store.retire({ ...KEEP_ALL, maxFinished: 0 });
    assert.ok(first.isMore && first.deleted > 0 && first.deleted < 30_000, JSON.stringify(first));
    assert.equal(await retireAll(store, { maxFinished: 0 }), 30_000 - first.deleted);
  });
}
