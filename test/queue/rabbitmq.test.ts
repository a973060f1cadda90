import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { connect, type Channel, type ChannelModel } from "amqplib";
import { needs } from "../../scripts/system-programs.ts";
import { optionsOf } from "../../src/queue/rabbitmq-topology.ts";
import { startRabbitMQ, type RabbitMQ } from "../services/rabbitmq.ts";
import { newPrefix, openQueue } from "./open-rabbitmq-queue.ts";
import { remoteQueueContract } from "./remote-queue-contract.ts";
import { arrived, promised, queueContract, takeSoon } from "./queue-contract.ts";
import { until } from "../until.ts";

const anyRoom = (): number => Infinity;
const one = (): number => 1;

describe("RabbitMQ", { skip: needs("rabbitmq-server").skip, timeout: 120_000 }, () => {
  let rabbit: RabbitMQ;
  let connection: ChannelModel;
  let raw: Channel;
  before(async () => {
    rabbit = await startRabbitMQ();
    connection = await connect(rabbit.url);
    raw = await connection.createChannel();
  });
  after(async () => {
    await connection.close();
    await rabbit[Symbol.asyncDispose]();
  });

  /** Messages of the broker that nobody has. */
  const waiting = async (name: string): Promise<number> => (await raw.checkQueue(name)).messageCount;
  const untilWaiting = async (name: string, count: number): Promise<void> => {
    const late = performance.now() + 10_000;
    while ((await waiting(name)) !== count) {
      assert.ok(performance.now() < late, `${await waiting(name)} and not ${count} messages wait in ${name}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  queueContract("the RabbitMQ queue", async () => (await openQueue(rabbit.url, newPrefix())).queue);
  remoteQueueContract(
    "the RabbitMQ queue",
    newPrefix,
    async (...how) => (await openQueue(rabbit.url, ...how)).queue,
  );

  test("many tasks travel in one message, all of them arrive, and acknowledged is what is settled whole", async () => {
    const prefix = newPrefix();
    const { queue: sender, told } = await openQueue(rabbit.url, prefix, { consumes: false });
    await using _sender = sender;
    sender.publish([promised()]);
    const name = `${prefix}.default.normal`;
    await until("the queue is there", () => sender.health.isPublishing);
    const messages = Array.from({ length: 5000 }, () => promised());
    sender.publish(messages);
    const { queue: taker } = await openQueue(rabbit.url, prefix, { prefetch: 1 });
    await using _taker = taker;
    let count = 0;
    let parcels = 0;
    while (count < 5001) {
      const [first] = await takeSoon(taker, 1);
      const taken = [first!, ...taker.take(1000, anyRoom)];
      // One at most is here with prefetch 1, so what is taken together came together.
      parcels++;
      count += taken.length;
      taker.settle(taken);
    }
    assert.ok(parcels <= 30, `${parcels} messages for 5001 tasks`);
    await untilWaiting(name, 0);
    assert.deepEqual(told.unpublished, []);
  });

  test("few tasks travel together of an action that takes long", async () => {
    const prefix = newPrefix();
    const tasksAtOnce = (action: string): number => (action === "slow" ? 2 : 200);
    const { queue } = await openQueue(rabbit.url, prefix, { consumes: false, tasksAtOnce });
    await using _queue = queue;
    queue.publish(Array.from({ length: 10 }, () => promised({ action: "slow" })));
    queue.publish(Array.from({ length: 100 }, () => promised({ queue: "quick" })));
    await until("both are declared", () => queue.health.isPublishing);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await untilWaiting(`${prefix}.default.normal`, 5);
    await untilWaiting(`${prefix}.quick.normal`, 1);
  });

  test("no more than the prefetch is here unsettled", async () => {
    const prefix = newPrefix();
    const { queue } = await openQueue(rabbit.url, prefix, { tasksAtOnce: one, prefetch: 4 });
    await using _queue = queue;
    queue.publish(Array.from({ length: 20 }, () => promised()));
    const first = await takeSoon(queue, 4);
    await untilWaiting(`${prefix}.default.normal`, 16);
    assert.deepEqual(queue.take(10, anyRoom), []);
    queue.settle(first.slice(0, 3));
    assert.equal((await takeSoon(queue, 3)).length, 3);
    await untilWaiting(`${prefix}.default.normal`, 13);
    assert.deepEqual(queue.take(10, anyRoom), []);
  });

  test("of parcels that are nearly empty as many more are here unsettled, and of full ones no more than before", async () => {
    const prefix = newPrefix();
    const name = `${prefix}.default.normal`;
    const tasksAtOnce = (action: string): number => (action === "slow" ? 1 : 200);
    const { queue: sender } = await openQueue(rabbit.url, prefix, { tasksAtOnce, consumes: false });
    await using _sender = sender;
    const small = 120;
    await raw.assertQueue(name, optionsOf({ name: "default", priority: 1 }));
    for (let n = 1; n <= small; n++) {
      sender.publish([promised()]);
      await untilWaiting(name, n);
    }
    const { queue } = await openQueue(rabbit.url, prefix, { tasksAtOnce, prefetch: 4 });
    await using _queue = queue;
    const passing = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n++) queue.settle(await takeSoon(queue, 1));
    };
    await passing(60);
    const others = await takeSoon(queue, small - 60);
    assert.equal(others.length, small - 60, "all the others are here, and none is settled");
    queue.settle(others);
    sender.publish(Array.from({ length: 60 }, () => promised({ action: "slow" })));
    await passing(40);
    const last = await takeSoon(queue, 4);
    await untilWaiting(name, 16);
    assert.deepEqual(queue.take(10, anyRoom), []);
    queue.settle(last);
  });

  test("a flood of low priority does not hold up what is urgent; what has waited for long goes first all the same", async () => {
    const prefix = newPrefix();
    const { queue: sender } = await openQueue(rabbit.url, prefix, { consumes: false });
    await using _sender = sender;
    const old = promised({ priority: 0, at: 1_800_000_000_000 - 3_600_000 });
    sender.publish([old, ...Array.from({ length: 3000 }, () => promised({ priority: 0 }))]);
    const urgent = Array.from({ length: 10 }, () => promised({ priority: 3 }));
    sender.publish(urgent);
    const { queue } = await openQueue(rabbit.url, prefix);
    await using _queue = queue;
    await arrived(queue, [old, ...urgent]);
    assert.deepEqual(queue.take(11, anyRoom), [old, ...urgent]);
  });

  test("a message of an unknown version is told, held, and left in the broker", async () => {
    const prefix = newPrefix();
    const { queue, told } = await openQueue(rabbit.url, prefix);
    queue.publish([promised()]);
    queue.settle(await takeSoon(queue, 1));
    const name = `${prefix}.default.normal`;
    const body = JSON.stringify({ v: 99, wonders: true });
    raw.sendToQueue(name, Buffer.from(body), { persistent: true });
    await until("it is told", () => told.unreadable.length > 0);
    assert.equal(told.unreadable[0]!.isUnknownVersion, true);
    assert.equal(told.unreadable[0]!.queue, "default");
    // Others are not held up by it.
    queue.publish([promised()]);
    queue.settle(await takeSoon(queue, 1));
    await queue.close();
    await untilWaiting(name, 1);
    const found = await raw.get(name);
    assert.equal(found && found.content.toString(), body);
    if (found) raw.ack(found);
  });

  test("what nobody can read is told and thrown away", async () => {
    const prefix = newPrefix();
    const { queue, told } = await openQueue(rabbit.url, prefix);
    await using _queue = queue;
    queue.publish([promised()]);
    queue.settle(await takeSoon(queue, 1));
    const name = `${prefix}.default.normal`;
    const bodies = [
      "\u0000nonsense",
      "null",
      "{}",
      '{"v":1}',
      '{"v":1,"queue":"default","priority":1,"policies":[],"tasks":[[1]]}',
    ];
    for (const body of bodies) raw.sendToQueue(name, Buffer.from(body));
    await until("all are told", () => told.unreadable.length === bodies.length);
    assert.ok(told.unreadable.every(({ isUnknownVersion }) => !isUnknownVersion));
    const last = promised();
    queue.publish([last]);
    assert.deepEqual(await takeSoon(queue, 1), [last]);
    queue.settle([last]);
    await queue.close();
    await untilWaiting(name, 0);
  });

  test("what the broker has no queue for is told, and the queue is there for the next", async () => {
    const prefix = newPrefix();
    const { queue, told } = await openQueue(rabbit.url, prefix, { consumes: false });
    await using _queue = queue;
    const name = `${prefix}.default.normal`;
    queue.publish([promised()]);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await untilWaiting(name, 1);
    await raw.deleteQueue(name);
    const lost = promised();
    queue.publish([lost]);
    await until("it is told", () => told.unpublished.length > 0);
    assert.deepEqual(told.unpublished, [{ id: lost.spec.id, why: "the broker had no queue for it" }]);
    queue.publish([lost]);
    // A queue that was deleted is not declared again at once.
    await new Promise((resolve) => setTimeout(resolve, 2000));
    await untilWaiting(name, 1);
    assert.equal(told.unpublished.length, 1);
  });

  test("what is given back at the end comes to others: as it was when nobody began it, else as a repeat", async () => {
    const prefix = newPrefix();
    const { queue: first } = await openQueue(rabbit.url, prefix);
    const messages = Array.from({ length: 6 }, () => promised());
    first.publish(messages);
    await arrived(first, messages);
    const [settled, begun] = first.take(2, anyRoom);
    first.settle([settled!]);
    await first.close();
    const { queue: second } = await openQueue(rabbit.url, prefix);
    await using _second = second;
    // Nobody is there to tell it of the queue: the store knows the names.
    second.serve(["default"]);
    const expected = [...messages.slice(2), { ...begun!, isRide: false, isRepeat: true as const }];
    await arrived(second, expected);
    const byId = (a: (typeof messages)[0], b: (typeof messages)[0]): number =>
      a.spec.id < b.spec.id ? -1 : 1;
    assert.deepEqual(second.take(10, anyRoom).sort(byId), expected.sort(byId));
  });

  test("what waits here too long goes to others that are idle, but for what is kept", async () => {
    const prefix = newPrefix();
    const { queue: full, told } = await openQueue(rabbit.url, prefix, { prefetch: 1 });
    await using _full = full;
    const messages = Array.from({ length: 20 }, () => promised());
    full.publish(messages);
    await arrived(full, messages);
    const [begun] = full.take(1, anyRoom);
    full.spread(60_000, 2);
    const { queue: idle } = await openQueue(rabbit.url, prefix);
    await using _idle = idle;
    idle.serve(["default"]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const early = idle.depths().find(({ queue }) => queue === "default")?.waiting ?? 0;
    assert.equal(early, 0, `too young; ${told.troubles.join(", ")}`);
    full.spread(0, 2);
    const given = await takeSoon(idle, 17);
    assert.deepEqual(
      given.map(({ spec }) => spec.id),
      messages.slice(3).map(({ spec }) => spec.id),
    );
    assert.ok(
      given.every(({ isRepeat }) => !isRepeat),
      "nobody has begun them",
    );
    const kept = full.take(10, anyRoom);
    assert.deepEqual(
      kept.map(({ spec }) => spec.id),
      messages.slice(1, 3).map(({ spec }) => spec.id),
    );
    idle.settle(given);
    full.settle([begun!, ...kept]);
  });

  test("a paused queue's tasks that were here already go back for others", async () => {
    const prefix = newPrefix();
    const { queue: first } = await openQueue(rabbit.url, prefix);
    await using _first = first;
    const messages = Array.from({ length: 5 }, () => promised());
    first.publish(messages);
    await arrived(first, messages);
    first.pause("default");
    await until("none is here", () => messages.every(({ spec }) => first.position(spec.id) === null));
    const { queue: second } = await openQueue(rabbit.url, prefix);
    await using _second = second;
    assert.deepEqual(await takeSoon(second, 5), messages);
  });

  test("keeps what it has no room to send from growing, and tells it", async () => {
    const { queue, told } = await openQueue("amqp://127.0.0.1:1", newPrefix(), {
      bufferTasks: 10,
      confirmMs: 300,
    });
    await using _queue = queue;
    queue.publish(Array.from({ length: 15 }, () => promised()));
    assert.deepEqual(told.unpublished, [], "not within the call");
    await until("what is too much is told", () => told.unpublished.length === 5);
    await until("the rest is told when its time is over", () => told.unpublished.length === 15);
    assert.equal(new Set(told.unpublished.map(({ id }) => id)).size, 15);
    assert.equal(queue.health.isPublishing, false);
  });

  test("tries its addresses in turn, and tells the password to nobody", async () => {
    const port = rabbit.first.port;
    const { queue, told } = await openQueue(rabbit.urlAt(1, port), newPrefix());
    await using _queue = queue;
    const sent = promised();
    queue.publish([sent]);
    assert.deepEqual(await takeSoon(queue, 1), [sent]);
    const wrong = await openQueue(`amqp://app:wrong-password@127.0.0.1:${port}`, newPrefix());
    await until("it is refused", () => wrong.told.troubles.some((it) => it.includes("ACCESS_REFUSED")));
    await wrong.queue.close();
    const said = JSON.stringify([...told.troubles, ...wrong.told.troubles]);
    assert.ok(!said.includes(rabbit.password) && !said.includes("wrong-password"), said);
  });
});
