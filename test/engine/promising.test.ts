/** A task that was let in to be waited for, when the wait is over before the task is. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Answer, Engine, Submission } from "../../src/engine/engine.ts";
import type { Store } from "../../src/store/store.ts";
import { TandaError } from "../../src/task/errors.ts";
import { makeId, openEngine } from "./open-engine.ts";
import { until } from "../until.ts";

const nobody = { answer: () => undefined };

function toWaitFor(action: string): Submission & { options: { task: string } } {
  return { token: null, action, payload: '"a"', options: { task: makeId(), wait: true } };
}

function promised(engine: Engine, submission: Submission): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  engine.promise(submission, { answer: (_token, answer) => resolve(answer) });
  return promise;
}

/** Its action ends when it is told. */
function held(): { actions: object; runs: () => number; release: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let runs = 0;
  const run = async (): Promise<string> => {
    runs++;
    await promise;
    return "held";
  };
  return { actions: { hold: { run } }, runs: () => runs, release: resolve };
}

describe("a task that is promised when the wait for it is over", () => {
  test("is durable then, was let in and counted once, and runs once", async () => {
    const { actions, runs, release } = held();
    await using opened = await openEngine({ actions });
    const { engine, store } = opened;
    const submission = toWaitFor("hold");
    const { task } = submission.options;
    engine.submit([submission], nobody);
    await until(() => runs() === 1);
    assert.deepEqual(await store.get([task]), [null]);
    // Nothing new would be let in by now.
    await engine.drain("default");
    engine.leave(nobody);
    assert.deepEqual(await promised(engine, submission), { status: "queued", task, isRepeat: false });
    assert.equal((await store.get([task]))[0]?.id, task);

    release();
    await until(async () => (await store.get([task]))[0]?.state === "done");
    assert.equal(runs(), 1);
    const [queue] = await engine.queues();
    assert.deepEqual(queue!.perSecond, { submitted: 0.1, finished: 0.1, failed: 0 });
  });

  test("is answered with its end when that was first", async () => {
    await using opened = await openEngine({
      actions: { upper: { run: (text: string) => text.toUpperCase() } },
    });
    const { engine, store } = opened;
    const submission = toWaitFor("upper");
    const { task } = submission.options;
    engine.submit([submission], nobody);
    await until(async () => (await store.get([task]))[0]?.state === "done");
    const answer = await promised(engine, submission);
    assert.deepEqual(answer, { status: "done", task, result: '"A"', resultBlob: null });
  });

  test("is not promised where it cannot be written", async () => {
    const { actions, runs } = held();
    const full = (store: Store): Store =>
      new Proxy(store, {
        get(target, name) {
          if (name === "apply") return () => Promise.reject(new TandaError("busy", "no room"));
          const value = Reflect.get(target, name, target) as unknown;
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    await using opened = await openEngine({ actions, through: full });
    const submission = toWaitFor("hold");
    opened.engine.submit([submission], nobody);
    await until(() => runs() === 1);
    const answer = await promised(opened.engine, submission);
    assert.equal(answer.status === "failed" && answer.error.code, "busy");
    assert.equal(answer.task, null);
  });
});
