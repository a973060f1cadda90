import assert from "node:assert/strict";
import { test } from "node:test";
import type { Store } from "../../src/store/store.ts";
import { DEFAULT_POLICY, type ActionInfo, type Task } from "../../src/task/task.ts";
import {
  claim,
  DAY_MS,
  FAILED,
  finish,
  makeId,
  newSpec,
  PATIENT,
  ride,
  simple,
  submit,
  T0,
} from "./sample-events.ts";
import type { OpenStore } from "./store-contract.ts";

async function getOne(store: Store, id: string): Promise<Task | null> {
  return (await store.get([id]))[0]!;
}

export function readContract(open: OpenStore): void {
  test("reads answer in the order asked, null where there is none", async () => {
    await using opened = await open();
    const [a, b] = [newSpec(), newSpec()];
    await opened.store.apply([submit(a), submit(b)]);
    const found = await opened.store.get([b.id, makeId(), "nonsense", a.id, b.id]);
    assert.deepEqual(
      found.map((task) => task?.id ?? null),
      [b.id, null, null, a.id, b.id],
    );
  });

  test("a read sees what was resolved before it, each time", async () => {
    await using opened = await open();
    for (let i = 0; i < 50; i++) {
      const spec = newSpec();
      await opened.store.apply([submit(spec)]);
      assert.equal((await getOne(opened.store, spec.id))?.id, spec.id);
    }
  });

  test("the backlog is what is queued, by queue and priority, in the order of ids, page by page", async () => {
    await using opened = await open();
    const { store } = opened;
    const specs = Array.from({ length: 5 }, () => newSpec({ queue: "math", priority: 2 }));
    const others = [newSpec({ queue: "math" }), newSpec({ priority: 2 })];
    const [scheduled, claimed] = [1, 2].map(() => newSpec({ queue: "math", priority: 2 })) as [never, never];
    await store.apply([
      ...specs.toReversed().map((spec) => submit(spec)),
      ...others.map((spec) => submit(spec)),
      submit(Object.assign(scheduled, { dueAt: T0 + 5 })),
      submit(claimed),
      claim((claimed as { id: string }).id, 1),
    ]);
    const ids = specs.map(({ id }) => id);
    const first = await store.backlog("math", 2, null, 3);
    assert.deepEqual(
      first.map(({ id }) => id),
      ids.slice(0, 3),
    );
    const rest = await store.backlog("math", 2, ids[2]!, 10);
    assert.deepEqual(
      rest.map(({ id }) => id),
      ids.slice(3),
    );
    assert.deepEqual(await store.running(10), await store.get([(claimed as { id: string }).id]));
  });

  test("what is due is found soonest first, and the next instant is known", async () => {
    await using opened = await open();
    const { store } = opened;
    assert.equal(await store.nextDueAt(), null);
    const [late, soon, retried] = [
      newSpec({ dueAt: T0 + 900 }),
      newSpec({ dueAt: T0 + 100 }),
      newSpec({ policy: PATIENT }),
    ];
    await store.apply([submit(late), submit(soon), submit(retried), submit(newSpec())]);
    await store.apply([finish(retried.id, 1, FAILED)]);
    assert.equal(await store.nextDueAt(), T0 + 100);
    const ids = async (until: number, limit = 10): Promise<string[]> =>
      (await store.due(until, limit)).map(({ id }) => id);
    assert.deepEqual(await ids(T0 + 99), []);
    assert.deepEqual(await ids(T0 + 900), [soon.id, late.id]);
    assert.deepEqual(await ids(T0 + 9000), [soon.id, late.id, retried.id]);
    assert.deepEqual(await ids(T0 + 9000, 1), [soon.id]);
    await store.apply([simple("due", soon.id)]);
    assert.equal(await store.nextDueAt(), T0 + 900);
  });

  test("what waits past its time is overdue; what runs or ended is not", async () => {
    await using opened = await open();
    const { store } = opened;
    const [queued, scheduled, running, later] = [10, 5, 1, 99].map((ms) =>
      newSpec({ expiresAt: T0 + ms }),
    ) as [
      ReturnType<typeof newSpec>,
      ReturnType<typeof newSpec>,
      ReturnType<typeof newSpec>,
      ReturnType<typeof newSpec>,
    ];
    await store.apply([queued, { ...scheduled, dueAt: T0 + 50 }, running, later].map((spec) => submit(spec)));
    await store.apply([claim(running.id, 1), submit(newSpec())]);
    const overdue = await store.overdue(T0 + 10, 10);
    assert.deepEqual(
      overdue.map(({ id }) => id),
      [scheduled.id, queued.id],
    );
    await store.apply(overdue.map(({ id }) => simple("expire", id)));
    assert.deepEqual(await store.overdue(T0 + 10, 10), []);
  });

  test("counts are kept by queue, action and state as rows change", async () => {
    await using opened = await open();
    const { store } = opened;
    const [a, b, c] = [newSpec(), newSpec(), newSpec({ queue: "math", action: "fib" })];
    await store.apply([submit(a), submit(b), ride(c)]);
    await store.apply([claim(a.id, 1), submit(b), ride(c)]);
    const counts = await store.counts();
    const key = (one: { queue: string; state: string }): string => `${one.queue} ${one.state}`;
    assert.deepEqual(
      counts.sort((x, y) => (key(x) < key(y) ? -1 : 1)),
      [
        { queue: "default", action: "upper", state: "queued", count: 1 },
        { queue: "default", action: "upper", state: "running", count: 1 },
        { queue: "math", action: "fib", state: "done", count: 1 },
      ],
    );
    await store.apply([simple("delete", c.id), simple("cancel", a.id), simple("cancel", b.id)]);
    await store.apply([simple("delete", a.id), simple("delete", b.id)]);
    assert.deepEqual(await store.counts(), []);
  });

  test("blobs are referred to by payload, result and links inside them, until the task goes", async () => {
    await using opened = await open();
    const { store } = opened;
    const [a, b, c, d, none] = ["a", "b", "c", "d", "e"].map((digit) => digit.repeat(64)) as [
      string,
      string,
      string,
      string,
      string,
    ];
    const [linked, ridden] = [newSpec({ payload: `[{"$blob":"${a}"}]`, payloadBlob: b }), newSpec()];
    const result = `{"x":{"$blob": "${d}","bytes":1}}`;
    await store.apply([
      submit(linked),
      finish(linked.id, 1, { type: "done", result: null, resultBlob: { id: c, bytes: 1 } }),
      ride(ridden, { type: "done", result, resultBlob: null }),
    ]);
    const all = [a, none, b, c, d];
    assert.deepEqual((await store.referredBlobs(all)).sort(), [a, b, c, d]);
    await store.apply([simple("delete", linked.id)]);
    assert.deepEqual(await store.referredBlobs(all), [d]);
    await store.retire({ now: T0 + DAY_MS, finishedBefore: T0 + DAY_MS, maxFinished: 9, maxBytes: 1e9 });
    assert.deepEqual(await store.referredBlobs(all), []);
  });

  test("a name once announced stays in the catalogue, with what was said last", async () => {
    await using opened = await open();
    const info = (name: string, description: string): ActionInfo => ({
      name,
      description,
      queue: "default",
      priority: 1,
      policy: DEFAULT_POLICY,
      concurrency: null,
      expiresMs: null,
      input: { type: "object" },
      output: null,
    });
    await opened.store.announce([info("b", "1"), info("a", "2")]);
    await opened.store.announce([info("b", "3")]);
    const catalogue = await opened.store.catalogue();
    assert.deepEqual(
      catalogue.sort((x, y) => (x.name < y.name ? -1 : 1)),
      [info("a", "2"), info("b", "3")],
    );
  });

  test("queues that are not simply open are remembered", async () => {
    await using opened = await open();
    const { store } = opened;
    await store.setQueue({ queue: "math", mode: "paused" });
    await store.setQueue({ queue: "old", mode: "draining" });
    await store.setQueue({ queue: "math", mode: "draining" });
    await store.setQueue({ queue: "old", mode: "open" });
    assert.deepEqual(await store.queueStates(), [{ queue: "math", mode: "draining" }]);
  });
}
