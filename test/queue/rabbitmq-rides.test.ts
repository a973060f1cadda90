/** What rides waits in the broker's memory: what that means when it goes. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { connect, type Channel, type ChannelModel } from "amqplib";
import { needs } from "../../scripts/system-programs.ts";
import { startRabbitMQ, type RabbitMQ } from "../services/rabbitmq.ts";
import { newPrefix, openQueue, typesOf } from "./open-rabbitmq-queue.ts";
import { arrived, message, promised, takeSoon } from "./queue-contract.ts";
import { until } from "../until.ts";

/** Servers start slowly where much runs beside them. */
const START = { timeout: 240_000 };
const anyRoom = (): number => Infinity;
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("what rides, by RabbitMQ", { skip: needs("rabbitmq-server").skip, timeout: 300_000 }, () => {
  let rabbit: RabbitMQ;
  let connection: ChannelModel;
  let raw: Channel;
  before(async () => {
    rabbit = await startRabbitMQ();
    connection = await connect(rabbit.url);
    connection.on("error", () => {});
    raw = await connection.createChannel();
  }, START);
  after(async () => {
    await connection.close().catch(() => {});
    await rabbit[Symbol.asyncDispose]();
  });

  const namesOf = (prefix: string): { kept: string; rides: string } => ({
    kept: `${prefix}.default.normal`,
    rides: `${prefix}.default~rides.normal`,
  });
  /** A channel that asks for a queue that is not there is closed. */
  const waiting = async (name: string): Promise<number> => (await raw.checkQueue(name)).messageCount;

  test("it waits apart, in the memory of the broker; what was promised waits where it is kept", async () => {
    const prefix = newPrefix();
    const { queue } = await openQueue(rabbit.url, prefix, { consumes: false });
    await using _queue = queue;
    const [ride, kept] = [message(), promised()];
    queue.publish([ride, kept]);
    const names = namesOf(prefix);
    for (const [name, mode, type] of [
      [names.rides, 1, "classic"],
      [names.kept, 2, "quorum"],
    ] as const) {
      await until("it is there", async () => (await typesOf(rabbit.first)).has(name));
      await until("it waits", async () => (await waiting(name)) === 1);
      const found = await raw.get(name);
      assert.ok(found);
      assert.equal(found.properties.deliveryMode, mode);
      raw.nack(found);
      assert.equal((await typesOf(rabbit.first)).get(name), type);
    }
    const { queue: taker } = await openQueue(rabbit.url, prefix);
    await using _taker = taker;
    await arrived(taker, [ride, kept]);
    taker.settle(taker.take(10, anyRoom));
  });

  test("while its own queue is not there it goes the way of the others, as a ride, and what may be lost is told", async () => {
    const prefix = newPrefix();
    const { queue, told } = await openQueue(rabbit.url, prefix, { consumes: false });
    await using _queue = queue;
    const { kept, rides } = namesOf(prefix);
    queue.publish([message()]);
    await until("it is there", async () => (await typesOf(rabbit.first)).has(rides));
    await raw.deleteQueue(rides);
    const next = message();
    queue.publish([next]);
    await until("it is told", () => told.ridesLost > 0);
    await until("the others' queue is there", async () => (await typesOf(rabbit.first)).has(kept));
    await until("it waits there", async () => (await waiting(kept)) === 1);
    assert.deepEqual(told.unpublished, []);
    const { queue: taker } = await openQueue(rabbit.url, prefix);
    await using _taker = taker;
    taker.serve(["default"]);
    assert.deepEqual(await takeSoon(taker, 1), [next]);
    taker.settle([next]);
  });

  test("the broker is killed: what waited is lost and told so, what was promised comes", async () => {
    const prefix = newPrefix();
    const { queue: sender, told } = await openQueue(rabbit.url, prefix, { consumes: false });
    await using _sender = sender;
    const [ride, kept] = [message(), promised()];
    sender.publish([ride, kept]);
    const names = namesOf(prefix);
    for (const name of [names.rides, names.kept])
      await until("it is there", async () => (await typesOf(rabbit.first)).has(name));
    // A queue younger than that may not survive.
    await later(2000);
    const before = told.ridesLost;
    await rabbit.first.kill9();
    await until("it is told", () => told.ridesLost > before);
    await rabbit.first.start();
    await until("it is back", () => sender.health.isPublishing);
    await until("it is told again", () => told.ridesLost > before + 1);
    const { queue: taker } = await openQueue(rabbit.url, prefix);
    await using _taker = taker;
    taker.serve(["default"]);
    const [came] = await takeSoon(taker, 1);
    assert.equal(came!.spec.id, kept.spec.id);
    const next = message();
    sender.publish([next]);
    const [after] = await takeSoon(taker, 1);
    assert.equal(after!.spec.id, next.spec.id, "and nothing of what was lost");
  });
});
