import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { needs } from "../../scripts/system-programs.ts";
import type { Message } from "../../src/queue/queue.ts";
import { FaultProxy } from "../services/fault-proxy.ts";
import { Postgres } from "../services/postgres.ts";
import { newSchema, openQueue } from "./open-postgres-queue.ts";
import { arrived, message, takeSoon } from "./queue-contract.ts";
import { Traffic } from "./traffic.ts";
import { until } from "../until.ts";

const TAKER = fileURLToPath(new URL("taking-process.ts", import.meta.url));
const anyRoom = (): number => Infinity;
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("faults of PostgreSQL as a queue", { skip: needs("postgres").skip, timeout: 180_000 }, () => {
  let postgres: Postgres;
  before(async () => (postgres = await Postgres.start()));
  after(() => postgres?.[Symbol.asyncDispose]());

  /** A process that takes one task, and is killed. @returns the task as it came. */
  const takeAndDie = async (schema: string, takenMs: number): Promise<Message> => {
    const child = spawn(process.execPath, [TAKER, postgres.url, schema, String(takenMs)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [taken] = (await once(child.stdout, "data")) as [Buffer];
    child.kill("SIGKILL");
    await once(child, "exit");
    return JSON.parse(String(taken)) as Message;
  };

  test("stopped under load and started again: all that was confirmed comes, and nothing settled comes unmarked", async () => {
    const { queue, told } = await openQueue(postgres.url, newSchema(), { confirmMs: 1000 });
    await using _queue = queue;
    const traffic = new Traffic(queue);
    try {
      await until("there is traffic", () => traffic.settled.size > 200);
      await postgres.stop();
      await until("it is noticed", () => !queue.health.isPublishing && !queue.health.isConsuming);
      await until("what goes on to be published is told", () => told.unpublished.length > 0);
      const before = traffic.settled.size;
      await postgres.start();
      await until("it is used again", () => traffic.settled.size > before + 500);
      await until("it is well", () => queue.health.isPublishing && queue.health.isConsuming);
      traffic.stopPublishing();
      await until("all has come", () => traffic.isComplete(told));
      assert.deepEqual(traffic.wrong, []);
    } finally {
      traffic.stop();
    }
  });

  test("killed under load and started again: it is empty, goes on by itself, and nothing settled comes unmarked", async () => {
    const schema = newSchema();
    const { queue, told } = await openQueue(postgres.url, schema, { confirmMs: 1000, takenMs: 1000 });
    await using _queue = queue;
    const traffic = new Traffic(queue);
    try {
      await until("there is traffic", () => traffic.settled.size > 200);
      await postgres.kill9();
      await until("it is noticed", () => !queue.health.isPublishing && !queue.health.isConsuming);
      await postgres.start();
      await until("it is well", () => queue.health.isPublishing && queue.health.isConsuming);
      const before = traffic.settled.size;
      await until("it is used again", () => traffic.settled.size > before + 500);
      traffic.stopPublishing();
      const last = message();
      traffic.published.add(last.spec.id);
      queue.publish([last]);
      await until("what is published comes", () => traffic.settled.has(last.spec.id));
      assert.deepEqual(traffic.wrong, []);
      assert.ok(told.troubles.length > 0);
    } finally {
      traffic.stop();
    }
  });

  test("connections reset mid-way: all that was confirmed comes, and nothing settled comes unmarked", async () => {
    await using proxy = await FaultProxy.start(postgres.port);
    const { queue, told } = await openQueue(postgres.urlAt(proxy.port), newSchema());
    await using _queue = queue;
    const traffic = new Traffic(queue);
    try {
      for (let n = 0; n < 5; n++) {
        const before = traffic.settled.size;
        await until("there is traffic", () => traffic.settled.size > before + 200);
        proxy.reset();
      }
      traffic.stopPublishing();
      await until("all has come", () => traffic.isComplete(told));
      assert.deepEqual(traffic.wrong, []);
      assert.ok(told.troubles.length >= 5, `${told.troubles.length} troubles for five resets`);
    } finally {
      traffic.stop();
    }
  });

  test("what a reset connection had brought stays here, and its settling is told afterwards", async () => {
    await using proxy = await FaultProxy.start(postgres.port);
    const schema = newSchema();
    const { queue } = await openQueue(postgres.urlAt(proxy.port), schema);
    await using _queue = queue;
    const messages = [message(), message()];
    queue.publish(messages);
    const [inHand] = await takeSoon(queue, 1);
    await proxy.set("refuse");
    await until("it is noticed", () => !queue.health.isConsuming);
    queue.settle([inHand!]);
    assert.deepEqual(queue.take(10, anyRoom), [messages[1]]);
    queue.settle([messages[1]!]);
    await proxy.set("pass");
    await until("it is back", () => queue.health.isConsuming);
    const late = performance.now() + 5000;
    while ((await postgres.query(`select from ${schema}.parcels`)).length > 0)
      assert.ok(performance.now() < late, "it was settled, and is still there");
  });

  test("what a killed process had comes to others as a repeat, never as a ride; as a suspect when that has happened twice", async () => {
    const schema = newSchema();
    const takenMs = 800;
    const { queue: sender } = await openQueue(postgres.url, schema, { consumes: false });
    const messages = [message(), message()];
    sender.publish(messages);
    await sender.close();
    const repeats = messages.map((it) => ({ ...it, isRide: false, isRepeat: true as const }));
    assert.deepEqual(await takeAndDie(schema, takenMs), messages[0]);
    assert.deepEqual(await takeAndDie(schema, takenMs), repeats[0]);
    const { queue } = await openQueue(postgres.url, schema, { takenMs });
    await using _queue = queue;
    assert.deepEqual(
      await takeSoon(queue, 2),
      repeats.map((it) => ({ ...it, isSuspect: true })),
    );
  });

  test("what a killed process had comes soon, however long it was to have it: its session has ended", async () => {
    const schema = newSchema();
    const { queue } = await openQueue(postgres.url, schema);
    await using _queue = queue;
    queue.pause("default");
    const sent = message();
    queue.publish([sent]);
    await takeAndDie(schema, 600_000);
    queue.resume("default");
    assert.deepEqual(await takeSoon(queue, 1), [{ ...sent, isRide: false, isRepeat: true }]);
  });

  test("who says nothing for too long has lost what it took: it lets it go, and settles nothing of the next who has it", async () => {
    await using proxy = await FaultProxy.start(postgres.port);
    const schema = newSchema();
    const takenMs = 1500;
    const { queue: first } = await openQueue(postgres.urlAt(proxy.port), schema, { takenMs });
    await using _first = first;
    const messages = [message(), message()];
    first.publish(messages);
    await arrived(first, messages);
    const [taken] = first.take(1, anyRoom);
    await proxy.set("refuse");
    const { queue: second } = await openQueue(postgres.url, schema, { takenMs });
    await using _second = second;
    await arrived(second, messages);
    await until("it is let go", () => first.position(messages[1]!.spec.id) === null);
    first.settle([taken!]);
    await proxy.set("pass");
    await until("it is back", () => first.health.isConsuming);
    await later(200);
    const repeats = messages.map((it) => ({ ...it, isRide: false, isRepeat: true as const }));
    assert.deepEqual(second.take(10, anyRoom), repeats);
    assert.equal((await postgres.query(`select from ${schema}.parcels`)).length, 1, "it is the second's");
    second.settle(repeats);
    const late = performance.now() + 5000;
    while ((await postgres.query(`select from ${schema}.parcels`)).length > 0)
      assert.ok(performance.now() < late, "it was settled, and is still there");
  });

  test("what is here for long stays this process's, for as long as it lives", async () => {
    const schema = newSchema();
    const takenMs = 1200;
    const { queue: first } = await openQueue(postgres.url, schema, { takenMs });
    await using _first = first;
    const { queue: second } = await openQueue(postgres.url, schema, { takenMs });
    await using _second = second;
    second.pause("default");
    first.publish([message()]);
    await takeSoon(first, 1);
    second.resume("default");
    await later(takenMs * 2.5);
    assert.deepEqual(second.take(10, anyRoom), []);
  });

  test("what is not confirmed in time is told once, and another connection goes on", async () => {
    await using proxy = await FaultProxy.start(postgres.port);
    const options = { consumes: false, confirmMs: 500 };
    const { queue, told } = await openQueue(postgres.urlAt(proxy.port), newSchema(), options);
    await using _queue = queue;
    await proxy.set("blackhole");
    const silent = [message(), message()];
    queue.publish([silent[0]!]);
    await later(100);
    queue.publish([silent[1]!]);
    await until("both are told", () => told.unpublished.length === 2);
    assert.deepEqual(
      told.unpublished.map(({ id }) => id),
      silent.map(({ spec }) => spec.id),
    );
    assert.equal(told.unpublished[0]!.why, "it was not confirmed in time");
    assert.equal(queue.health.isPublishing, false);
    await proxy.set("pass");
    proxy.reset();
    await until("it is back", () => queue.health.isPublishing);
    queue.publish([message()]);
    await later(700);
    assert.equal(told.unpublished.length, 2);
  });

  test("a server that takes nothing is told, and when it does again", async () => {
    const { queue, told } = await openQueue(postgres.url, newSchema());
    await using _queue = queue;
    const readOnly = async (value: string): Promise<void> => {
      await postgres.query(`alter system set default_transaction_read_only = ${value}`);
      await postgres.query("select pg_reload_conf()");
    };
    await readOnly("on");
    const refused: string[] = [];
    await until("it is refused", () => {
      const one = message();
      refused.push(one.spec.id);
      queue.publish([one]);
      return told.blocked.length > 0;
    });
    assert.match(told.blocked[0]!, /read-only/);
    assert.match(queue.health.blocked ?? "", /read-only/);
    assert.ok(told.unpublished.every(({ id }) => refused.includes(id)));
    await readOnly("off");
    await until("it takes again", () => queue.health.blocked === null);
    const last = message();
    queue.publish([last]);
    await until("it comes", () => queue.position(last.spec.id) !== null);
  });
});
