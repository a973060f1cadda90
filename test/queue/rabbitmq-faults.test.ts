import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { connect } from "amqplib";
import { optionsOf, queueName } from "../../src/queue/rabbitmq-topology.ts";
import { needs } from "../../scripts/system-programs.ts";
import { FaultProxy } from "../services/fault-proxy.ts";
import { startRabbitMQ, type RabbitMQ } from "../services/rabbitmq.ts";
import { newPrefix, openQueue } from "./open-rabbitmq-queue.ts";
import { arrived, promised, takeSoon } from "./queue-contract.ts";
import { Traffic } from "./traffic.ts";
import { until } from "../until.ts";

const anyRoom = (): number => Infinity;
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("faults of RabbitMQ", { skip: needs("rabbitmq-server").skip, timeout: 180_000 }, () => {
  let rabbit: RabbitMQ;
  before(async () => {
    rabbit = await startRabbitMQ();
  });
  after(() => rabbit[Symbol.asyncDispose]());

  test("killed under load and started again: all that was confirmed comes, and nothing settled comes unmarked", async () => {
    const { queue, told } = await openQueue(rabbit.url, newPrefix(), { confirmMs: 1000 });
    await using _queue = queue;
    const traffic = new Traffic(queue);
    try {
      // A queue younger than that may not survive.
      await later(2000);
      assert.ok(traffic.settled.size > 0);
      await rabbit.first.kill9();
      await until("it is noticed", () => !queue.health.isPublishing && !queue.health.isConsuming);
      await later(2000);
      assert.ok(told.unpublished.length > 0, "publishing goes on without a broker, and is told");
      const before = traffic.settled.size;
      await rabbit.first.start();
      await until("it is used again", () => traffic.settled.size > before + 500);
      // The two connections come back each in its own time.
      await until("it is well", () => queue.health.isPublishing && queue.health.isConsuming);
      traffic.stopPublishing();
      await until("all has come", () => traffic.isComplete(told));
      assert.deepEqual(traffic.wrong, []);
      assert.deepEqual(told.lost, []);
    } finally {
      traffic.stop();
    }
  });

  test("connections reset mid-way: all that was confirmed comes, and nothing settled comes unmarked", async () => {
    await using proxy = await FaultProxy.start(rabbit.first.port);
    const { queue, told } = await openQueue(rabbit.urlAt(proxy.port), newPrefix());
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

  test("what a lost consumer had comes to another as a repeat, never as a ride, and goes on from there when that one ends", async () => {
    await using proxy = await FaultProxy.start(rabbit.first.port);
    const prefix = newPrefix();
    const { queue: sender } = await openQueue(rabbit.url, prefix, { consumes: false });
    await using _sender = sender;
    const { queue: first } = await openQueue(rabbit.urlAt(proxy.port), prefix);
    await using _first = first;
    const messages = [promised(), promised()];
    sender.publish(messages);
    await arrived(first, messages);
    const [taken] = first.take(1, anyRoom);
    await proxy.set("refuse");
    await until("what was not taken is let go", () => first.position(messages[1]!.spec.id) === null);
    const { queue: second } = await openQueue(rabbit.urlAt(rabbit.first.port), prefix);
    await arrived(second, messages);
    const repeats = messages.map((it) => ({ ...it, isRide: false, isRepeat: true as const }));
    assert.deepEqual(second.take(10, anyRoom), repeats);
    first.settle([taken!]);
    await using third = (await openQueue(rabbit.urlAt(proxy.port), prefix)).queue;
    await proxy.set("pass");
    await second.close();
    await until("somebody has them", () =>
      [first, third].some((it) => it.position(messages[1]!.spec.id) !== null),
    );
  });

  test("a repeat of what is in hand here is not given a second time, and its settling settles the repeat", async () => {
    await using proxy = await FaultProxy.start(rabbit.first.port);
    const prefix = newPrefix();
    const { queue } = await openQueue(rabbit.urlAt(proxy.port), prefix);
    await using _queue = queue;
    const inHand = promised();
    queue.publish([inHand]);
    await takeSoon(queue, 1);
    proxy.reset();
    await until("it is back", () => queue.health.isConsuming && queue.health.isPublishing);
    const next = promised();
    queue.publish([next]);
    assert.deepEqual(await takeSoon(queue, 1), [next]);
    await later(200);
    assert.deepEqual(queue.take(10, anyRoom), []);
    queue.settle([inHand, next]);
    await queue.close();
    const { queue: other } = await openQueue(rabbit.url, prefix);
    await using _other = other;
    other.serve(["default"]);
    const last = promised();
    other.publish([last]);
    assert.deepEqual(await takeSoon(other, 1), [last]);
  });

  test("what was given back and is not confirmed may be with another: it is kept as a repeat", async () => {
    await using proxy = await FaultProxy.start(rabbit.first.port);
    const { queue } = await openQueue(rabbit.urlAt(proxy.port), newPrefix(), { confirmMs: 1000 });
    await using _queue = queue;
    const messages = [promised(), promised()];
    queue.publish(messages);
    await arrived(queue, messages);
    await proxy.set("blackhole");
    queue.spread(0, 0);
    assert.equal(queue.take(10, anyRoom).length, 0, "they are on their way");
    const kept = await takeSoon(queue, 2);
    assert.deepEqual(
      kept,
      messages.map((message) => ({ ...message, isRide: false, isRepeat: true })),
    );
    queue.settle(kept);
  });

  test("twice lost with its consumer, a task is a suspect", async () => {
    await using proxy = await FaultProxy.start(rabbit.first.port);
    const { queue } = await openQueue(rabbit.urlAt(proxy.port), newPrefix());
    await using _queue = queue;
    const one = promised();
    queue.publish([one]);
    await arrived(queue, [one]);
    for (let n = 0; n < 2; n++) {
      proxy.reset();
      await until("it is let go", () => queue.position(one.spec.id) === null);
      await arrived(queue, [one]);
    }
    assert.deepEqual(queue.take(1, anyRoom), [{ ...one, isRide: false, isRepeat: true, isSuspect: true }]);
  });

  test("without disk the broker blocks: it is told, taking goes on, and what cannot be sent in time is told", async () => {
    const { queue, told } = await openQueue(rabbit.url, newPrefix(), { confirmMs: 1000 });
    await using _queue = queue;
    const before = Array.from({ length: 10 }, () => promised());
    queue.publish(before);
    await arrived(queue, before);
    await rabbit.setDiskAlarm(true);
    const held = promised();
    queue.publish([held]);
    await until("it is told", () => told.blocked.length > 0);
    assert.match(told.blocked[0]!, /disk/);
    assert.match(queue.health.blocked ?? "", /disk/);
    assert.equal(queue.take(10, anyRoom).length, 10);
    queue.settle(before);
    const more = promised();
    queue.publish([more]);
    await until("both are told", () => told.unpublished.length === 2);
    assert.deepEqual(new Set(told.unpublished.map(({ id }) => id)), new Set([held.spec.id, more.spec.id]));
    await rabbit.setDiskAlarm(false);
    await until("it takes again", () => queue.health.blocked === null);
    const last = promised();
    queue.publish([last]);
    await until("it comes", () => queue.position(last.spec.id) !== null);
  });

  test("a queue that is deleted, and made anew in the same moment, is consumed again", async () => {
    const prefix = newPrefix();
    const lane = { name: "default", priority: 1 };
    const name = queueName(prefix, lane);
    const { queue, told } = await openQueue(rabbit.url, prefix);
    await using _queue = queue;
    const traffic = new Traffic(queue);
    const admin = await connect(rabbit.url);
    const channel = await admin.createChannel();
    try {
      for (let n = 0; n < 2; n++) {
        const before = traffic.settled.size;
        await until("there is traffic", () => traffic.settled.size > before + 200);
        await Promise.all([channel.deleteQueue(name), channel.assertQueue(name, optionsOf(lane))]);
      }
      const before = traffic.settled.size;
      await until("there is traffic after the last", () => traffic.settled.size > before + 200);
      // What was in it is to be published again.
      await until("the loss is told", () => told.lost.length > 0);
    } finally {
      traffic.stop();
      await admin.close();
    }
  });

  test("a queue that has lost its leader for ever is made anew, and told as lost", async () => {
    const prefix = newPrefix();
    const { queue, told } = await openQueue(rabbit.url, prefix, { leaderlessMs: 1000, confirmMs: 1000 });
    await using _queue = queue;
    queue.publish([promised()]);
    queue.settle(await takeSoon(queue, 1));
    const member = `{list_to_atom("%2F_${prefix}.default.normal"), node()}`;
    await rabbit.first.ctl("eval", `ra:force_delete_server(quorum_queues, ${member}).`);
    await rabbit.first.ctl("close_all_connections", "a test");
    await until("it is told as lost", () => told.lost.length > 0);
    assert.deepEqual(told.lost, ["default"]);
    const fresh = promised();
    const late = performance.now() + 15_000;
    while (queue.position(fresh.spec.id) === null) {
      assert.ok(performance.now() < late, "nothing comes through the new queue");
      queue.publish([fresh]);
      await later(200);
    }
  });
});
