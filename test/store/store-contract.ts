/** What every store must do, whatever it is made of. A driver passes by calling this with a way to open an empty one. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ActionInfo, Task } from "../../src/task/task.ts";
import { DEFAULT_POLICY, newTask } from "../../src/task/task.ts";
import type { Store } from "../../src/store/store.ts";
import {
  claim,
  DAY_MS,
  DONE,
  ERROR,
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
import { listContract } from "./store-list-contract.ts";
import { retireContract } from "./store-retire-contract.ts";

export type Opened = AsyncDisposable & {
  readonly store: Store;
  /** Closes the store and opens what it left; null where nothing outlives a store. */
  readonly reopen: (() => Promise<Store>) | null;
};
export type OpenStore = () => Promise<Opened>;

export function storeContract(name: string, open: OpenStore): void {
  describe(`${name} as a store`, () => {
    writeContract(open);
    keyContract(open);
    readContract(open);
    keepContract(open);
    listContract(open);
    retireContract(open);
  });
}

async function getOne(store: Store, id: string): Promise<Task | null> {
  return (await store.get([id]))[0]!;
}

function writeContract(open: OpenStore): void {
  test("a submitted task is there, complete, and the answer shows it", async () => {
    await using opened = await open();
    const spec = newSpec({
      payload: '{"__proto__":{"a":1},"constructor":null,"ñ":"\\u0000💥"}',
      payloadBlob: "ab".repeat(32),
      key: "order-7",
      policy: { ...PATIENT, retentionMs: 5000 },
      priority: 3,
      queue: "__proto__",
      action: "constructor",
      dueAt: T0 + 1000,
      expiresAt: T0 + 5000,
    });
    const [applied] = await opened.store.apply([submit(spec)]);
    assert.deepEqual(applied, { verdict: "applied", task: newTask(spec) });
    assert.deepEqual(await getOne(opened.store, spec.id), newTask(spec));
  });

  test("an empty call is nothing", async () => {
    await using opened = await open();
    assert.deepEqual(await opened.store.apply([]), []);
  });

  test("a repeated submit is unchanged; another request with the same id is a conflict", async () => {
    await using opened = await open();
    const spec = newSpec();
    await opened.store.apply([submit(spec)]);
    const answers = await opened.store.apply([
      submit({ ...spec, priority: 3 }),
      submit({ ...spec, payload: "2" }),
    ]);
    assert.deepEqual(answers, [
      { verdict: "unchanged", task: newTask(spec) },
      { verdict: "conflict", task: newTask(spec) },
    ]);
  });

  test("a ride makes its row in the final state", async () => {
    await using opened = await open();
    const specs = Array.from({ length: 21 }, () => newSpec({ expiresAt: T0 + 9 }));
    const answers = await opened.store.apply(specs.map((spec) => ride(spec)));
    assert.deepEqual([...new Set(answers.map(({ verdict }) => verdict))], ["applied"]);
    const expected = specs.map((spec) => ({
      ...newTask(spec),
      state: "done",
      attempt: 1,
      result: '"HOLA"',
      startedAt: T0 + 1,
      finishedAt: T0 + 2,
    }));
    assert.deepEqual(await opened.store.get(specs.map(({ id }) => id)), expected);
  });

  test("a ride repeated among new ones changes nothing, whatever it says", async () => {
    await using opened = await open();
    const specs = Array.from({ length: 16 }, () => newSpec());
    await opened.store.apply([ride(specs[3]!)]);
    const other = { type: "done", result: '"OTHER"', resultBlob: null } as const;
    const answers = await opened.store.apply(specs.map((spec) => ride(spec, other)));
    assert.deepEqual(
      answers.map(({ verdict }) => verdict),
      specs.map((_, i) => (i === 3 ? "unchanged" : "applied")),
    );
    assert.equal(answers[3]!.task!.result, '"HOLA"');
    assert.equal((await getOne(opened.store, specs[3]!.id))!.result, '"HOLA"');
    assert.deepEqual(await opened.store.counts(), [
      { queue: "default", action: "upper", state: "done", count: 16 },
    ]);
  });

  test("the same ride twice in one call is recorded once", async () => {
    await using opened = await open();
    const spec = newSpec();
    const answers = await opened.store.apply(Array.from({ length: 8 }, () => ride(spec)));
    assert.deepEqual(
      answers.map(({ verdict }) => verdict),
      ["applied", ...Array.from({ length: 7 }, () => "unchanged")],
    );
    assert.equal((await opened.store.counts())[0]!.count, 1);
  });

  test("a claimed attempt fences off the ride before it", async () => {
    await using opened = await open();
    const spec = newSpec();
    const { store } = opened;
    await store.apply([submit(spec), claim(spec.id, 1)]);
    const died = finish(spec.id, 1, { type: "died", error: ERROR, isCharged: true });
    const [, claimed] = await store.apply([died, claim(spec.id, 2)]);
    assert.equal(claimed!.verdict, "applied");
    assert.equal(claimed!.task!.state, "running");
    const [late] = await store.apply([ride(spec)]);
    assert.equal(late!.verdict, "unchanged");
    assert.deepEqual([late!.task!.state, late!.task!.attempt], ["running", 2]);
    assert.equal((await store.apply([finish(spec.id, 2)]))[0]!.verdict, "applied");
    const row = await getOne(store, spec.id);
    assert.deepEqual([row!.state, row!.attempt, row!.losses, row!.history.length], ["done", 2, 1, 1]);
  });

  test("a failure is retried with its history, error and log kept, then done", async () => {
    await using opened = await open();
    const { store } = opened;
    const spec = newSpec({ policy: PATIENT });
    const line = { at: T0, attempt: 1, level: "info", text: "hm" } as const;
    const failed = { ...finish(spec.id, 1, FAILED), log: [line], progress: "[50]" };
    const [, answer] = await store.apply([submit(spec), failed]);
    assert.equal(answer!.task!.state, "retrying");
    const row = await getOne(store, spec.id);
    assert.deepEqual(row, answer!.task);
    assert.deepEqual([row!.error, row!.log, row!.progress], [ERROR, [line], "[50]"]);
    assert.deepEqual([row!.failures, row!.history.length, row!.dueAt], [1, 1, T0 + 1002]);
    const answers = await store.apply([simple("due", spec.id), { ...finish(spec.id, 2), log: [line] }]);
    assert.deepEqual(
      answers.map(({ verdict }) => verdict),
      ["applied", "applied"],
    );
    const done = await getOne(store, spec.id);
    assert.deepEqual([done!.state, done!.log.length, done!.progress, done!.error], ["done", 2, "[50]", null]);
  });

  test("events of one call are decided in order, also of the same task", async () => {
    await using opened = await open();
    const spec = newSpec();
    const answers = await opened.store.apply([
      claim(spec.id, 1),
      submit(spec),
      simple("cancel", spec.id),
      simple("cancel", spec.id),
      claim(spec.id, 1),
      simple("retry", spec.id),
      claim(spec.id, 1),
      simple("delete", spec.id),
      finish(spec.id, 1),
      simple("delete", spec.id),
      finish(spec.id, 1),
    ]);
    assert.deepEqual(
      answers.map(({ verdict }) => verdict),
      [
        "not_found",
        "applied",
        "applied",
        "unchanged",
        "unchanged",
        "applied",
        "applied",
        "refused",
        "applied",
        "applied",
        "not_found",
      ],
    );
    assert.deepEqual([answers[9]!.task, answers[10]!.task], [null, null]);
    assert.equal(await getOne(opened.store, spec.id), null);
    assert.deepEqual(await opened.store.counts(), []);
  });

  test("of many who finish the same attempt at once, one is recorded", async () => {
    await using opened = await open();
    const spec = newSpec();
    await opened.store.apply([submit(spec)]);
    const racers = Array.from({ length: 20 }, (_, i) =>
      opened.store.apply([finish(spec.id, 1, { type: "done", result: String(i), resultBlob: null })]),
    );
    const verdicts = (await Promise.all(racers)).map(([answer]) => answer!.verdict);
    assert.equal(verdicts.filter((verdict) => verdict === "applied").length, 1);
    assert.equal((await getOne(opened.store, spec.id))!.result, String(verdicts.indexOf("applied")));
  });

  test("a bad call is refused whole and does not harm those beside it", async () => {
    await using opened = await open();
    const { store } = opened;
    const [good, bad, other] = [newSpec(), newSpec(), newSpec()];
    const results = await Promise.allSettled([
      store.apply([submit(good)]),
      store.apply([submit(bad), simple("cancel", "not-an-id")]),
      store.apply([ride(other)]),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    assert.equal((results[1] as PromiseRejectedResult).reason.code, "bad_request");
    const rows = await store.get([good.id, bad.id, other.id]);
    assert.deepEqual(
      rows.map((row) => row?.state ?? null),
      ["queued", null, "done"],
    );
    const counts = await store.counts();
    assert.equal(
      counts.reduce((sum, { count }) => sum + count, 0),
      2,
    );
  });

  test("an event with a spec makes the row first when there is none", async () => {
    await using opened = await open();
    const [claimed, cancelled, failed] = [newSpec(), newSpec(), newSpec({ policy: PATIENT })];
    const answers = await opened.store.apply([
      { ...claim(claimed.id, 1), spec: claimed },
      { ...simple("cancel", cancelled.id), spec: cancelled },
      ride(failed, FAILED),
    ] as never);
    assert.deepEqual(
      answers.map(({ task }) => task!.state),
      ["running", "cancelled", "retrying"],
    );
    const rows = await opened.store.get([claimed.id, cancelled.id, failed.id]);
    assert.deepEqual(
      rows,
      answers.map(({ task }) => task),
    );
  });

  test("the large result of a ride is kept as a blob's name", async () => {
    await using opened = await open();
    const spec = newSpec();
    const resultBlob = { id: "cd".repeat(32), bytes: 100_000 };
    await opened.store.apply([ride(spec, { type: "done", result: null, resultBlob })]);
    const row = await getOne(opened.store, spec.id);
    assert.deepEqual([row!.result, row!.resultBlob], [null, resultBlob]);
  });
}

function keyContract(open: OpenStore): void {
  test("a key taken by the same request answers the task that holds it", async () => {
    await using opened = await open();
    const [first, second] = [newSpec({ key: "k" }), newSpec({ key: "k" })];
    const answers = await opened.store.apply([submit(first), submit(second)]);
    assert.deepEqual(answers[1], { verdict: "unchanged", task: newTask(first) });
    assert.deepEqual(await opened.store.getByKey(["k", "none"]), [newTask(first), null]);
    assert.equal(await getOne(opened.store, second.id), null);
  });

  test("a key taken by another request is a conflict that names the holder", async () => {
    await using opened = await open();
    const first = newSpec({ key: "k" });
    const answers = await opened.store.apply([submit(first), submit(newSpec({ key: "k", payload: "2" }))]);
    assert.deepEqual(answers[1], { verdict: "conflict", task: newTask(first) });
  });

  test("with both an id and a key taken, the key decides", async () => {
    await using opened = await open();
    const [holder, other] = [newSpec({ key: "k" }), newSpec({ payload: "2" })];
    await opened.store.apply([submit(holder), submit(other)]);
    const [answer] = await opened.store.apply([submit({ ...other, key: "k", payload: holder.payload })]);
    assert.deepEqual(answer, { verdict: "unchanged", task: newTask(holder) });
  });

  test("an unpromised run whose key another task holds is refused, and the holder stands", async () => {
    await using opened = await open();
    const [holder, other] = [newSpec({ key: "k" }), newSpec({ key: "k" })];
    const answers = await opened.store.apply([submit(holder), ride(other)]);
    assert.deepEqual(answers[1], { verdict: "conflict", task: newTask(holder) });
    assert.equal(await getOne(opened.store, other.id), null);
  });

  test("a deleted task frees its key", async () => {
    await using opened = await open();
    const [first, second] = [newSpec({ key: "k" }), newSpec({ key: "k", payload: "2" })];
    const answers = await opened.store.apply([
      submit(first),
      simple("cancel", first.id),
      simple("delete", first.id),
      submit(second),
    ]);
    assert.equal(answers[3]!.verdict, "applied");
    assert.equal((await opened.store.getByKey(["k"]))[0]!.id, second.id);
  });
}

function readContract(open: OpenStore): void {
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
      ...[...specs].reverse().map((spec) => submit(spec)),
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

function keepContract(open: OpenStore): void {
  test("what was resolved is there after closing and opening again", async (t) => {
    await using opened = await open();
    if (opened.reopen === null) return t.skip("nothing outlives a store in memory");
    const [a, b, c] = [newSpec({ key: "k" }), newSpec({ policy: PATIENT }), newSpec()];
    await opened.store.apply([submit(a), submit(b), ride(c), finish(b.id, 1, FAILED)]);
    await opened.store.setQueue({ queue: "math", mode: "paused" });
    const rows = await opened.store.get([a.id, b.id, c.id]);
    const counts = await opened.store.counts();
    const again = await opened.reopen();
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
    if (opened.reopen) assert.equal((await (await opened.reopen()).get([spec.id]))[0]?.id, spec.id);
  });

  test("it can be probed and told the size of", async () => {
    await using opened = await open();
    await opened.store.probe();
    await opened.store.apply([ride(newSpec(), DONE)]);
    const bytes = await opened.store.size();
    assert.ok(opened.reopen ? bytes > 0 : bytes === 0, String(bytes));
  });
}
