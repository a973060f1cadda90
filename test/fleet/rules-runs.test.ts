/** The rules of a run, where no node dies: what has a row when, who may run it, and whose end counts. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { needs } from "../../scripts/system-programs.ts";
import { encode } from "../../src/queue/parcel-codec.ts";
import type { Message } from "../../src/queue/queue.ts";
import type { ClaimEvent } from "../../src/store/shared-store.ts";
import type { TaskEvent } from "../../src/task/decide.ts";
import type { TaskSpec } from "../../src/task/task.ts";
import type { Context } from "../../src/actions/define.ts";
import { newSpec } from "../store/sample-events.ts";
import { gatewaysSuite } from "./rules-gateways-suite.ts";
import { bothQueues, Held, pause, Stack, type On } from "./stack.ts";
import { until } from "../until.ts";

const skip = needs("postgres").skip || needs("rabbitmq-server").skip;

describe("the rules of a run", { skip, timeout: 120_000 }, () => {
  let stack: Stack;
  before(async () => (stack = await Stack.start()), { timeout: 240_000 });
  after(() => stack?.[Symbol.asyncDispose]());

  /** State and attempt in the row, as the store numbers them. */
  async function rowOf(task: string, on?: On): Promise<string | undefined> {
    const rows = await stack.sql<{ said: string }>(
      "select state || ' ' || attempt as said from tasks where id = $1",
      [task],
      on,
    );
    return rows[0]?.said;
  }
  const [QUEUED, RUNNING_AGAIN] = ["1 0", "2 2"];
  const facts = ({ spec, attempt, isRide, isRepeat }: Message): unknown => [
    spec.id,
    attempt,
    isRide,
    isRepeat === true,
  ];
  const claimOf = (spec: TaskSpec, attempt: number): ClaimEvent => {
    return { type: "claim", id: spec.id, attempt, at: Date.now(), spec };
  };
  const doneBy = (spec: TaskSpec, attempt: number, result: string): TaskEvent => {
    const at = Date.now();
    const outcome = { type: "done", result, resultBlob: null } as const;
    return { type: "finish", id: spec.id, attempt, at, startedAt: at, chance: 0, spec, outcome };
  };

  test("what was promised has a row before it is published; what is waited for travels without one", async () => {
    const { kept, rides } = await stack.declare("first");
    const actions = { first: { queue: "first", run: (payload: unknown) => payload } };
    {
      await using _announces = await stack.worker(actions);
    }
    await using gateway = await stack.gateway();
    const [promised, ridden] = [stack.makeId(), stack.makeId()];
    await using lock = await stack.lockTasks();
    const submitted = gateway.client.$.submit("first", 1, { task: promised });
    await pause(200);
    const riding = gateway.client.$.run("first", 2, { task: ridden });
    const ride = await stack.take(rides);
    assert.deepEqual(ride.messages.map(facts), [[ridden, 1, true, false]], "and nothing came before it");
    await lock.letGo();
    assert.equal((await submitted).status, "queued");
    assert.equal(await rowOf(promised), QUEUED);
    const next = await stack.take(kept);
    assert.deepEqual(next.messages.map(facts), [[promised, 1, false, false]]);
    await Promise.all([ride.die(), next.die()]);
    await using _serves = await stack.worker(actions);
    assert.equal(await riding, 2);
    assert.equal(await gateway.client.$.task(promised).result(), 1);
  });

  for (const on of bothQueues) {
    test(`a ride runs without a look at the store, promised work does not; what was cancelled or ended before does not run (${on})`, async () => {
      const ran = new Set<unknown>();
      const note = (payload: unknown): unknown => void ran.add(payload);
      await using _worker = await stack.worker({ second: { queue: "second", run: note } }, on);
      await using gateway = await stack.gateway(on);
      const { $ } = gateway.client;
      await $.pause("second");
      const cancelled = await $.submit("second", "cancelled");
      const kept = await $.submit("second", "kept");
      const ridden = $.run("second", "ridden");
      await pause(400);
      assert.equal(ran.size, 0, "its queue is paused");
      // As if it had been cancelled where nobody could tell the workers.
      await using store = await stack.openStore(on);
      await store.apply([{ type: "cancel", id: cancelled.task, at: Date.now() }]);
      await using lock = await stack.lockTasks(on);
      // What it answers is counted in the store.
      const resumed = $.resume("second");
      await until("the ride runs", () => ran.size > 0, 4000);
      await pause(200);
      assert.deepEqual(ran, new Set(["ridden"]), "what was promised is looked up first");
      await lock.letGo();
      await resumed;
      assert.equal(await kept.result(), null);
      assert.equal(await ridden, null);
      await pause(200);
      assert.deepEqual(ran, new Set(["ridden", "kept"]));
    });
  }

  test("what was given before is claimed before it runs: two copies of one message are one run", async () => {
    const { kept, rides } = await stack.declare("third");
    const rows: (string | undefined)[] = [];
    const run = async (_payload: unknown, { task }: Context): Promise<void> => {
      rows.push(await rowOf(task.id));
    };
    const actions = { third: { queue: "third", run } };
    {
      await using _announces = await stack.worker(actions);
    }
    await using gateway = await stack.gateway();
    const task = stack.makeId();
    const ridden = gateway.client.$.run("third", 1, { task });
    const { messages, die } = await stack.take(rides);
    await stack.send(kept, encode([{ ...messages[0]!, isRide: false, isRepeat: true }]));
    await die();
    await using _one = await stack.worker(actions);
    await using _two = await stack.worker(actions);
    assert.equal(await ridden, null);
    await pause(500);
    assert.deepEqual(rows, [RUNNING_AGAIN], "one run, and its row said so when it began");
  });

  test("what a dead taker had comes again: its row is made from the message, claimed, and the ride is fenced off", async () => {
    const { rides } = await stack.declare("fourth");
    const held = new Held();
    const actions = { fourth: { queue: "fourth", run: held.run } };
    {
      await using _announces = await stack.worker(actions);
    }
    await using gateway = await stack.gateway();
    const ridden = gateway.client.$.run("fourth", 1);
    ridden.catch(() => {});
    const { messages, die } = await stack.take(rides);
    const { spec } = messages[0]!;
    await die();
    await using _worker = await stack.worker(actions);
    await held.begun();
    assert.equal(await rowOf(spec.id), RUNNING_AGAIN);
    await using store = await stack.openStore();
    const [late] = await store.apply([doneBy(spec, 1, '"of the ride"')]);
    assert.equal(late!.verdict, "unchanged", "whoever had it first may live on, and comes too late");
    held.runs[0]!.end("of the claim");
    assert.equal(await ridden, "of the claim");
    assert.equal(held.runs.length, 1);
  });

  for (const on of bothQueues) {
    test(`a ride that another claimed meanwhile changes nothing, and who waits is told what the row says (${on})`, async () => {
      const held = new Held();
      await using _worker = await stack.worker({ fifth: { queue: "fifth", run: held.run } }, on);
      await using gateway = await stack.gateway(on);
      await using store = await stack.openStore(on);
      const task = stack.makeId();
      const ridden = gateway.client.$.run("fifth", 1, { task });
      ridden.catch(() => {});
      await held.begun();
      const spec = {
        ...newSpec({ id: task, action: "fifth", queue: "fifth", payload: "1" }),
        createdAt: Date.now(),
      };
      const claim = { ...claimOf(spec, 2), overtakes: true } as const;
      const [claimed] = await store.claim([claim], "another", 60_000);
      assert.equal(claimed!.verdict, "applied");
      held.runs[0]!.end("of the ride");
      await pause(300);
      assert.equal(await rowOf(task, on), RUNNING_AGAIN);
      await store.apply([doneBy(spec, 2, '"of the claim"')]);
      assert.equal(await ridden, "of the claim");
    });
  }

  for (const on of bothQueues) {
    test(`what is sent again by another gateway joins what runs or finds its end, and runs once (${on})`, async () => {
      const held = new Held();
      const actions = { sixth: { queue: "sixth", run: held.run } };
      await using _first = await stack.worker(actions, on);
      await using _second = await stack.worker(actions, on);
      await using one = await stack.gateway(on);
      await using two = await stack.gateway(on);
      const task = stack.makeId();
      const first = one.client.$.run("sixth", "hola", { task });
      await held.begun();
      // Nobody has made a row of it yet, as a rule.
      const again = { task, again: true } as const;
      const joined = [
        two.client.$.run("sixth", "hola", again),
        two.client.$.run("sixth", "hola", again),
        one.client.$.run("sixth", "hola", again),
      ];
      await pause(600);
      // Only now: of two that nobody knows yet, either may be taken for the first.
      const other = two.client.$.run("sixth", "something else", again);
      void other.catch(() => {});
      held.runs[0]!.end("once");
      const ended = performance.now();
      assert.deepEqual(await Promise.all([first, ...joined]), ["once", "once", "once", "once"]);
      assert.ok(performance.now() - ended < 5000, "all are told soon");
      await assert.rejects(other, { code: "conflict" });
      assert.equal(await two.client.$.run("sixth", "hola", again), "once");
      await pause(3000);
      assert.equal(held.runs.length, 1);
    });
  }

  test("what is sent again and came nowhere before runs, once", async () => {
    const held = new Held();
    await using _worker = await stack.worker({ seventh: { queue: "seventh", run: held.run } });
    await using one = await stack.gateway();
    await using two = await stack.gateway();
    const again = { task: stack.makeId(), again: true } as const;
    const both = [one.client.$.run("seventh", 1, again), two.client.$.run("seventh", 1, again)];
    await held.begun();
    held.runs[0]!.end("ran");
    assert.deepEqual(await Promise.all(both), ["ran", "ran"]);
    await pause(500);
    assert.equal(held.runs.length, 1);
  });

  for (const on of bothQueues) {
    test(`who waits at any gateway is answered when it ends (${on})`, async () => {
      const held = new Held();
      await using _worker = await stack.worker({ eighth: { queue: "eighth", run: held.run } }, on);
      await using one = await stack.gateway(on);
      await using two = await stack.gateway(on);
      const { task } = await one.client.$.submit("eighth");
      await held.begun();
      const waiting = [one, two, two].map(({ client }) => client.$.task(task).result());
      await pause(300);
      held.runs[0]!.end("told");
      assert.deepEqual(await Promise.all(waiting), ["told", "told", "told"]);
    });
  }

  for (const on of bothQueues) {
    test(`a worker without the action puts the task back, due in a second and then in two, until one comes that has it (${on})`, async () => {
      const has = { ninth: { queue: "ninth", run: () => "ran" } };
      {
        await using _announces = await stack.worker(has, on);
      }
      // Ended before the other comes: of two that take turns the one without it might have the task once more, for twice as long.
      await using lacks = await stack.worker({ other: { queue: "ninth", run: () => "wrong" } }, on);
      await using gateway = await stack.gateway(on);
      const { $ } = gateway.client;
      await assert.rejects($.run("never-announced"), { code: "unknown_action" });
      const promised = await $.submit("ninth");
      const ridden = $.run("ninth");
      // It was put back between two looks: for how long is known as closely as those were to each other.
      const delays: { least: number; most: number }[] = [];
      let last = { at: 0, now: 0 };
      await until("it was put back twice", async () => {
        const [row] = await stack.sql<{ at: number; now: number }>(
          `select extract(epoch from next_publish_at)::float as at, extract(epoch from clock_timestamp())::float as now
           from tasks where id = $1`,
          [promised.task],
          on,
        );
        const { at, now } = row!;
        // Just published, it is to be looked after in 20 seconds: of that there may be a glimpse.
        if (at !== last.at && at - now < 15) delays.push({ least: at - now, most: at - last.now });
        last = { at, now };
        return delays.length >= 2;
      });
      for (const [index, expected] of [1, 2].entries()) {
        const { least, most } = delays[index]!;
        const says = `put back for ${least} to ${most} s, not ${expected}`;
        assert.ok(least < expected + 0.1 && most > expected - 0.1, says);
      }
      const { reason } = await $.explain(promised.task);
      assert.equal(reason, "not_served");
      await lacks.stop();
      await using _serves = await stack.worker(has, on);
      assert.equal(await promised.result(), "ran");
      assert.equal(await ridden, "ran");
    });
  }

  test("a message of an unknown version is told of and left to those who know it", async () => {
    const { kept } = await stack.declare("tenth");
    await stack.send(kept, JSON.stringify({ v: 99, whatever: [1, 2, 3] }));
    const told: object[] = [];
    const log = { debug() {}, info() {}, warn() {}, error: (what: object) => void told.push(what) };
    {
      const actions = { tenth: { queue: "tenth", run: () => "ran" } };
      await using _worker = await stack.worker(actions, "RabbitMQ", { log });
      await using gateway = await stack.gateway();
      await until("it is told", () => told.length > 0);
      assert.partialDeepStrictEqual(told[0], { queue: "tenth", isUnknownVersion: true });
      assert.equal(await gateway.client.$.run("tenth"), "ran");
    }
    const channel = await stack.channel();
    await until("it is there", async () => (await channel.checkQueue(kept)).messageCount === 1);
    await channel.close();
  });

  test("a ride that was in the memory of a broker that is killed runs all the same, and soon", async () => {
    const { rides } = await stack.declare("eleventh");
    const actions = { eleventh: { queue: "eleventh", run: (payload: unknown) => payload } };
    {
      await using _announces = await stack.worker(actions);
    }
    await using gateway = await stack.gateway();
    const ridden = gateway.client.$.run("eleventh", "came", { signal: AbortSignal.timeout(15_000) });
    ridden.catch(() => {});
    const channel = await stack.channel();
    await until("it is there", async () => (await channel.checkQueue(rides)).messageCount === 1);
    await stack.killBroker();
    await using _serves = await stack.worker(actions);
    // Long before anybody looks for rows that nobody has seen.
    assert.equal(await ridden, "came");
    await stack.rabbit.first.start();
  });

  gatewaysSuite(() => stack);
});
