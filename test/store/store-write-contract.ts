import assert from "node:assert/strict";
import { test } from "node:test";
import type { Store } from "../../src/store/store.ts";
import { newTask, type Task } from "../../src/task/task.ts";
import { claim, ERROR, FAILED, finish, newSpec, PATIENT, ride, simple, submit, T0 } from "./sample-events.ts";
import type { OpenStore } from "./store-contract.ts";

async function getOne(store: Store, id: string): Promise<Task | null> {
  return (await store.get([id]))[0]!;
}

export function writeContract(open: OpenStore): void {
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
      claim(spec.id, 2),
      simple("delete", spec.id),
      finish(spec.id, 2),
      simple("delete", spec.id),
      finish(spec.id, 2),
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

export function keyContract(open: OpenStore): void {
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
