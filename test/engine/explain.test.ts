/** Why a task does not run yet: each reason, by a task that waits for just that. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createInlinePool } from "../../src/worker/inline-pool.ts";
import type { Pool } from "../../src/worker/pool.ts";
import { ask, makeId, openEngine, type OpenedEngine } from "./open-engine.ts";
import { until } from "../until.ts";

/** Handlers that end when they are told to. */
class Gate {
  readonly #held: (() => void)[] = [];
  readonly wait = { run: () => new Promise<void>((resolve) => this.#held.push(resolve)) };
  readonly alone = { ...this.wait, concurrency: 1 };

  get held(): number {
    return this.#held.length;
  }

  open(): void {
    for (const go of this.#held.splice(0)) go();
  }
}

async function queued({ engine }: OpenedEngine, action: string, options = {}): Promise<string> {
  const task = makeId();
  const answer = await ask(engine, action, null, { task, wait: false, ...options });
  assert.notEqual(answer.status, "failed");
  return task;
}

describe("explain", () => {
  test("tells who runs, who is next, and how many start before the others", async () => {
    const gate = new Gate();
    await using opened = await openEngine({ actions: { alone: gate.alone } });
    const { engine } = opened;
    const tasks = [await queued(opened, "alone")];
    await until(() => gate.held === 1);
    for (let n = 0; n < 3; n++) tasks.push(await queued(opened, "alone"));
    const told = await Promise.all(tasks.map((task) => engine.explain(task)));
    assert.deepEqual(
      told.map(({ reason, position, isFloor }) => [reason, position, isFloor]),
      [
        ["running", undefined, undefined],
        ["at_concurrency", 0, false],
        ["waiting", 1, false],
        ["waiting", 2, false],
      ],
    );
    assert.match(told[1]!.text, /as its concurrency allows: 1\./);
    assert.match(told[2]!.text, /^1 task starts before it/);
    assert.match(told[3]!.text, /^2 tasks start before it/);
    for (let left = tasks.length; left > 0; left--) {
      await until(() => gate.held === 1);
      gate.open();
    }
    await until(async () => (await engine.explain(tasks[3]!)).reason === "final");
  });

  test("says when it starts, by the rate at which others ended, and at least how many are before it beyond the window", async () => {
    const gate = new Gate();
    const actions = { echo: { run: (value: unknown) => value }, alone: gate.alone };
    await using opened = await openEngine({ actions, windowTasks: 4 });
    const { engine } = opened;
    for (let n = 0; n < 50; n++) await ask(engine, "echo", n);
    await queued(opened, "alone");
    await until(() => gate.held === 1);
    const tasks: string[] = [];
    for (let n = 0; n < 12; n++) tasks.push(await queued(opened, "alone"));
    // The rate is that of whole seconds.
    await until(async () => (await engine.explain(tasks[2]!)).expectedStartAt !== undefined);
    const before = Date.now();
    const near = await engine.explain(tasks[2]!);
    const far = await engine.explain(tasks[11]!);
    assert.deepEqual([near.reason, near.isFloor, far.isFloor], ["waiting", false, true]);
    assert.match(
      far.text,
      /^At least \d+ tasks start before it\. At [\d.]+ tasks a second it starts in about /,
    );
    assert.ok(near.expectedStartAt! > before && near.expectedStartAt! < before + 60_000);
    assert.ok(far.expectedStartAt! >= near.expectedStartAt!);
    for (let left = 13; left > 0; left--) {
      await until(() => gate.held === 1);
      gate.open();
    }
  });

  test("tells that its queue is paused, that it is not due, and what became of it", async () => {
    await using opened = await openEngine({ actions: { echo: { run: (value: unknown) => value } } });
    const { engine } = opened;
    await engine.pause("later");
    const paused = await engine.explain(await queued(opened, "echo", { queue: "later" }));
    assert.equal(paused.reason, "paused");
    assert.match(paused.text, /queue later is paused; `tanda queue resume later`/);
    const dueAt = Date.now() + 3_600_000;
    const early = await engine.explain(await queued(opened, "echo", { runAt: dueAt }));
    assert.deepEqual([early.reason, early.dueAt], ["not_due", dueAt]);
    const done = await queued(opened, "echo");
    await until(async () => (await engine.explain(done)).reason === "final");
    assert.match((await engine.explain(done)).text, /^It was done \d+(?:\.\d)?m?s ago\.$/);
  });

  test("tells that nobody serves its action any more", async () => {
    await using opened = await openEngine({ actions: { echo: { run: (value: unknown) => value } } });
    await opened.engine.pause("later");
    const task = await queued(opened, "echo", { queue: "later" });
    opened.catalogue.serve([]);
    await opened.engine.resume("later");
    const told = await opened.engine.explain(task);
    assert.equal(told.reason, "not_served");
    assert.match(told.text, /Nobody serves the action echo now/);
  });

  test("tells that the worker is drained, and how it goes on; a queue that is paused comes first", async () => {
    const gate = new Gate();
    const actions = { echo: { run: (value: unknown) => value }, held: gate.wait };
    await using opened = await openEngine({ actions });
    const { engine } = opened;
    const runs = await queued(opened, "held");
    await until(() => gate.held === 1);
    assert.equal((await engine.drainWorker("5")).state, "draining");
    const told = await engine.explain(await queued(opened, "echo"));
    assert.equal(told.reason, "drained");
    assert.equal(told.text, "Worker 5 is drained: nothing new is taken. `tanda workers resume 5` goes on.");
    assert.equal((await engine.explain(runs)).reason, "running");
    await engine.pause("later");
    assert.equal((await engine.explain(await queued(opened, "echo", { queue: "later" }))).reason, "paused");
    gate.open();
    await until(async () => (await engine.explain(runs)).reason === "final");
    assert.equal((await engine.explain(told.task)).reason, "drained");
    assert.equal((await engine.resumeWorker("5")).state, "running");
    await until(async () => (await engine.explain(told.task)).reason === "final");
  });

  test("tells that a suspect waits for its turn to run alone", async () => {
    const actions = { echo: { run: (value: unknown) => value } };
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const slowToStart = (): Pool => {
      const pool = createInlinePool({ actions });
      const start = pool.start.bind(pool);
      pool.start = () => gate.then(start);
      return pool;
    };
    await using opened = await openEngine({ actions, openQuarantinePool: slowToStart });
    const task = makeId();
    opened.worker.suspect([task]);
    await ask(opened.engine, "echo", 1, { task, wait: false });
    await until(async () => (await opened.engine.explain(task)).reason === "suspect");
    // What waits there has not begun either.
    await opened.engine.drainWorker("5");
    assert.equal(opened.worker.isBusy, false);
    assert.equal((await opened.engine.explain(task)).reason, "drained");
    await opened.engine.resumeWorker("5");
    await until(async () => (await opened.engine.explain(task)).reason === "suspect");
    open();
    await until(async () => (await opened.engine.explain(task)).reason === "final");
  });
});
