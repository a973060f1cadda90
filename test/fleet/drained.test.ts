/** One worker of many is drained: what it had not begun goes to others, what it runs ends. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { needs } from "../../scripts/system-programs.ts";
import type { WorkerView } from "../../src/protocol/messages.ts";
import { TandaError } from "../../src/task/errors.ts";
import { bothQueues, Held, pause, Stack } from "./stack.ts";
import { until } from "../until.ts";

const stateOf = (workers: readonly WorkerView[], node: number): string | undefined =>
  workers.find((view) => view.node === node)?.state;

const skip = needs("postgres").skip || needs("rabbitmq-server").skip;

describe("a worker that is drained among others", { skip, timeout: 120_000 }, () => {
  let stack: Stack;
  before(async () => (stack = await Stack.start()), { timeout: 240_000 });
  after(() => stack?.[Symbol.asyncDispose]());

  for (const on of bothQueues) {
    test(`a worker that is drained gives what it had not begun to another, and ends what it runs (${on})`, async () => {
      const queue = `given-${on}`;
      const held = new Held();
      const actions = { given: { queue, concurrency: 1, run: held.run } };
      await using full = await stack.worker(actions, on);
      await using gateway = await stack.gateway(on);
      const { $ } = gateway.client;
      const name = `${full.engine.self.node}`;
      const tasks = await Promise.all(Array.from({ length: 5 }, (_, n) => $.submit("given", n)));
      await held.begun();
      const ridden = $.run("given", "ridden");

      assert.equal((await $.drainWorker(name)).state, "draining");
      assert.equal((await $.drainWorker(name)).state, "draining", "and once more is the same");
      const free = { given: { ...actions.given, run: (payload: unknown) => ["elsewhere", payload] } };
      await using other = await stack.worker(free, on);
      const ended = new Set<unknown>();
      for (const task of tasks)
        void task.result().then(
          (result) => ended.add(result),
          () => {},
        );
      assert.deepEqual(await ridden, ["elsewhere", "ridden"]);
      await until("all others are done elsewhere", () => ended.size === 4);
      assert.equal(held.runs.length, 1, "nothing more began there");
      // Longer than what is taken is looked after again, and than a lease is claimed after.
      await pause(1500);
      held.runs[0]!.end("here");
      await until("it ended where it ran", () => ended.has("here"));
      assert.equal(stateOf(await $.workers(), full.engine.self.node), "draining");
      assert.equal(stateOf(await $.workers(), other.engine.self.node), "running");
      assert.equal(full.engine.health.state, "ready");
    });

    test(`while all who serve an action are drained its tasks wait, any gateway says why, and a resume goes on (${on})`, async () => {
      const queue = `idle-${on}`;
      const actions = { idle: { queue, run: (payload: unknown) => payload } };
      await using first = await stack.worker(actions, on);
      await using second = await stack.worker(actions, on);
      await using one = await stack.gateway(on);
      await using two = await stack.gateway(on);
      const names = [first, second].map(({ engine }) => `${engine.self.node}`);
      await one.client.$.drainWorker(names[0]!);
      // Of itself a worker may be told by its own process.
      await second.client.$.drainWorker(names[1]!);
      const waits = await one.client.$.submit("idle", "at last");
      const cancelled = await one.client.$.submit("idle", "never");
      await until("both gateways see it", async () => {
        const told = await Promise.all([one, two].map(({ client }) => client.$.explain(waits.task)));
        return told.every(({ reason }) => reason === "drained");
      });
      const { text } = await two.client.$.explain(waits.task);
      assert.match(
        text,
        /^The workers that serve its action, \d+ and \d+, are drained: .*`tanda workers resume /,
      );
      assert.equal((await two.client.$.cancel(cancelled.task)).state, "cancelled");
      await pause(500);
      assert.equal((await two.client.$.get(waits.task)).state, "queued");
      assert.equal((await two.client.$.resumeWorker(names[1]!)).state, "running");
      assert.equal(await waits.result(), "at last");
      await second[Symbol.asyncDispose]();
      const later = await two.client.$.submit("idle", "by the first");
      await two.client.$.resumeWorker(names[0]!);
      assert.equal(await later.result(), "by the first");
    });

    test(`hundreds of tasks run once each while their workers are drained and resumed again and again (${on})`, async () => {
      const queue = `restless-${on}`;
      const runs = new Map<unknown, number>();
      const run = async (payload: unknown): Promise<unknown> => {
        runs.set(payload, (runs.get(payload) ?? 0) + 1);
        await pause(5);
        return payload;
      };
      const actions = { restless: { queue, concurrency: 2, run } };
      await using first = await stack.worker(actions, on);
      await using second = await stack.worker(actions, on);
      await using gateway = await stack.gateway(on);
      const { $ } = gateway.client;
      const wanted = Array.from({ length: 300 }, (_, n) => n);
      // Some promised, some that ride.
      const all = Promise.all(
        wanted.map(async (n) => (n % 2 ? $.run("restless", n) : (await $.submit("restless", n)).result())),
      );
      const done = { all: false };
      const results = all.finally(() => (done.all = true));
      for (let turn = 0; !done.all; turn++) {
        const { node } = [first, second][turn % 2]!.engine.self;
        await $.drainWorker(`${node}`);
        await pause(30);
        await $.resumeWorker(`${node}`);
      }
      assert.deepEqual(await results, wanted);
      assert.deepEqual([...new Set(runs.values())], [1]);
      assert.equal(runs.size, wanted.length);
    });
  }

  test("a worker that nobody knows is not found; one that does not obey is unavailable", async () => {
    await using gateway = await stack.gateway();
    const { $ } = gateway.client;
    await assert.rejects($.drainWorker("1022"), (error: TandaError) => {
      assert.deepEqual([error.code, error.hint?.includes("`tanda workers`")], ["not_found", true]);
      return true;
    });
    // A gateway runs nothing.
    await assert.rejects($.drainWorker(`${gateway.engine.self.node}`), { code: "not_found" });
    await using deaf = await stack.worker({ deaf: { run: () => 0 } });
    const [view] = (await $.workers()).filter(({ node }) => node === deaf.engine.self.node);
    assert.ok(view);
    const [node] = (await $.nodes()).filter((one) => one.node === view.node);
    await using store = await stack.openStore();
    const ghost = { ...view, node: 1021, worker: "1021" };
    await store.beat(
      "a process that hears nothing",
      { v: 1, node: { ...node, node: 1021 }, workers: [ghost], rates: null, actions: [], means: {} },
      60_000,
    );
    const { engine } = gateway;
    await assert.rejects(engine.drainWorker("1021"), (error: TandaError) => {
      assert.equal(error.code, "unavailable");
      assert.match(error.message, /^Worker 1021 did not tell within 6 s that it drains/);
      return true;
    });
    await store.leave("a process that hears nothing");
  });
});
