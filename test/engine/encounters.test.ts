/** Requests for one task that meet: repeats, cancels, other payloads, and a store that fails in between. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Answer } from "../../src/engine/engine.ts";
import type { Store } from "../../src/store/store.ts";
import { TandaError } from "../../src/task/errors.ts";
import { createInlinePool } from "../../src/worker/inline-pool.ts";
import type { Ending, Pool } from "../../src/worker/pool.ts";
import { ask, makeId, openEngine, sleep, within } from "./open-engine.ts";
import { until } from "../until.ts";

const upper = { run: (text: unknown) => String(text).toUpperCase() };

function told(answer: Answer | "no answer"): string {
  if (answer === "no answer") return answer;
  if (answer.status === "done") return `done ${answer.result}`;
  return answer.status === "failed" ? `failed ${answer.error.code}` : answer.status;
}

/** As a pool at the end of a pipe is: an ending is on its way when the cancel is sent. */
function slowToTell(pool: Pool): Pool {
  return new Proxy(pool, {
    get(target, name) {
      if (name === "onEnd") {
        return (listener: (endings: readonly Ending[]) => void) =>
          target.onEnd((endings) => void setTimeout(() => listener(endings), 30));
      }
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

describe("a cancel that was said elsewhere", () => {
  test("stops what runs here, and takes nothing back of what was said since", async () => {
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    const forever = (_payload: unknown, { signal }: { signal: AbortSignal }): Promise<never> => {
      signal.addEventListener("abort", () => resolve());
      return new Promise(() => {});
    };
    await using opened = await openEngine({ actions: { forever: { run: forever } } });
    const { engine, store, worker } = opened;
    const task = makeId();
    await ask(engine, "forever", 1, { task, wait: false });
    await until(async () => (await store.get([task]))[0]!.state === "running");
    const about = { id: task, at: Date.now() } as const;
    await store.apply([{ type: "cancel", ...about }]);
    await store.apply([{ type: "retry", ...about }]);
    assert.equal(worker.cancel(task, true), true);
    await aborted;
    await until(() => !worker.isBusy);
    await sleep(50);
    const [row] = await store.get([task]);
    assert.equal(row!.state, "queued");
  });
});

describe("a repeat of a task", () => {
  test("that waits for its retry does not end it, however long the repeat runs", async () => {
    let runs = 0;
    const flaky = async (): Promise<string> => {
      if (++runs === 1) throw new Error("not yet");
      await sleep(1600);
      return "done";
    };
    await using opened = await openEngine({ actions: { flaky: { run: flaky } } });
    const { engine } = opened;
    const task = makeId();
    await ask(engine, "flaky", 1, { task, wait: false, attempts: 3, backoff: "1h" });
    await until(async () => (await engine.get(task)).state === "retrying");
    void ask(engine, "flaky", 1, { task });
    await until(() => runs === 2);
    await until(async () => opened.worker.inHand === 0);
    await sleep(50);
    const [row] = await opened.store.get([task]);
    assert.equal(row!.state, "retrying");
  });

  test("with another payload is a conflict while the first waits, and the first keeps its result", async () => {
    await using opened = await openEngine({ actions: { upper } });
    const { engine } = opened;
    const task = makeId();
    await engine.pause("default");
    assert.equal(told(await ask(engine, "upper", "a", { task, wait: false })), "queued");
    const other = ask(engine, "upper", "b", { task });
    await engine.resume("default");
    assert.equal(told(await within(1000, other)), "failed conflict");
    assert.equal((await engine.get(task)).result, "A");
  });

  test("with another payload does not run in place of the first, when that lies beyond the window", async () => {
    await using opened = await openEngine({ actions: { upper }, windowTasks: 1 });
    const { engine } = opened;
    const [blocker, task] = [makeId(), makeId()];
    await engine.pause("later");
    await ask(engine, "upper", "x", { task: blocker, wait: false, queue: "later" });
    await ask(engine, "upper", "a", { task, wait: false, queue: "later" });
    const other = ask(engine, "upper", "b", { task });
    assert.equal(told(await within(1000, other)), "failed conflict");
    assert.equal((await engine.get(task)).state, "queued");
  });

  test("with another payload does not keep from running what was promised under its id", async () => {
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    const slow = { run: (text: unknown) => (text === "b" ? gate.then(() => text) : text) };
    await using opened = await openEngine({ actions: { slow } });
    const { engine } = opened;
    const task = makeId();
    const other = ask(engine, "slow", "b", { task });
    await until(() => opened.worker.inHand === 1);
    assert.equal(told(await ask(engine, "slow", "a", { task, wait: false })), "queued");
    open();
    assert.equal(told(await within(1000, other)), "failed conflict");
    await until(async () => (await engine.get(task)).state === "done");
    assert.equal((await engine.get(task)).result, "a");
  });

  test("with another payload is a conflict also where somebody waits for the first by its id", async () => {
    await using opened = await openEngine({ actions: { upper } });
    const { engine } = opened;
    const task = makeId();
    await engine.pause("default");
    await ask(engine, "upper", "a", { task, wait: false });
    const waited = Promise.withResolvers<Answer>();
    await engine.wait(task, null, { answer: (_token, answer) => waited.resolve(answer) });
    const other = ask(engine, "upper", "b", { task });
    const same = ask(engine, "upper", "a", { task });
    await sleep(20);
    await engine.resume("default");
    assert.equal(told(await within(1000, other)), "failed conflict");
    assert.equal(told(await within(1000, same)), 'done "A"');
    assert.equal(told(await within(1000, waited.promise)), 'done "A"');
  });
});

test("a task that is submitted just after somebody asked for it runs all the same", async () => {
  await using opened = await openEngine({ actions: { upper } });
  const { engine } = opened;
  const task = makeId();
  const early = Promise.withResolvers<Answer>();
  void engine.wait(task, null, { answer: (_token, answer) => early.resolve(answer) });
  const answers = await Promise.all([
    within(1000, ask(engine, "upper", "a", { task })),
    within(1000, ask(engine, "upper", "a", { task, again: true })),
  ]);
  assert.deepEqual(answers.map(told), ['done "A"', 'done "A"']);
  assert.match(told(await within(1000, early.promise)), /^(done "A"|failed not_found)$/);
});

describe("a cancel", () => {
  test("that the store refuses for now leaves the task where it was", async () => {
    let isBroken = false;
    await using opened = await openEngine({
      actions: { upper },
      through: (store) =>
        new Proxy(store, {
          get(target, name) {
            if (name === "apply" && isBroken) {
              return () => Promise.reject(new TandaError("busy", "The disk is full."));
            }
            const value = Reflect.get(target, name) as unknown;
            return typeof value === "function" ? value.bind(target) : value;
          },
        }),
    });
    const { engine } = opened;
    const tasks = [makeId(), makeId()];
    await engine.pause("default");
    for (const task of tasks) await ask(engine, "upper", "a", { task, wait: false });
    isBroken = true;
    await assert.rejects(engine.cancel(tasks[0]!), { code: "busy" });
    await assert.rejects(engine.purge("default"), { code: "busy" });
    isBroken = false;
    await engine.resume("default");
    for (const task of tasks) await until(async () => (await engine.get(task)).state === "done");
  });

  test("that comes while the queue reads its row, as it was before, keeps the task from running", async () => {
    let runs = 0;
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    let reads = 0;
    let isSlow = true;
    const slowToRead = (store: Store): Store =>
      new Proxy(store, {
        get(target, name) {
          const value = Reflect.get(target, name) as unknown;
          if (name === "backlog") {
            return async (...given: Parameters<Store["backlog"]>) => {
              const rows = await target.backlog(...given);
              reads++;
              if (isSlow) await gate;
              return rows;
            };
          }
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    await using opened = await openEngine({
      actions: { count: { run: () => ++runs } },
      windowTasks: 1,
      through: slowToRead,
    });
    const { engine } = opened;
    await engine.pause("later");
    const tasks = Array.from({ length: 5 }, () => makeId());
    for (const task of tasks) await ask(engine, "count", 1, { task, wait: false, queue: "later" });
    await engine.resume("later");
    await until(() => reads > 0);
    for (const task of tasks.slice(1)) await engine.cancel(task);
    isSlow = false;
    open();
    await until(async () => (await engine.get(tasks[0]!)).state === "done");
    await sleep(100);
    assert.equal(runs, 1);
  });

  test("that comes while an attempt fails ends the task, and not only the attempt", async () => {
    const failing = (): never => {
      throw new Error("no");
    };
    const actions = { failing: { run: failing } };
    await using opened = await openEngine({ actions, pool: slowToTell(createInlinePool({ actions })) });
    const { engine, worker } = opened;
    const task = makeId();
    void ask(engine, "failing", 1, { task, attempts: 3, backoff: "1h" });
    await until(() => worker.inHand === 1);
    assert.notEqual(await within(1000, engine.cancel(task)), "no answer");
    assert.equal((await engine.get(task)).state, "cancelled");
  });
});

test("what is too late to start holds up nothing that comes behind it", async () => {
  await using opened = await openEngine({ actions: { upper }, threads: 1 });
  const { engine } = opened;
  await engine.pause("default");
  const late = Array.from({ length: 10 }, () => ask(engine, "upper", "late", { expires: 20 }));
  const live = ask(engine, "upper", "live");
  await sleep(40);
  await engine.resume("default");
  assert.equal(told(await within(1000, live)), 'done "LIVE"');
  for (const answer of late) assert.equal(told(await within(1000, answer)), "failed expired");
});
