import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { needs } from "../../scripts/system-programs.ts";
import { startRabbitMQ, type RabbitMQ, type RabbitMQNode } from "../services/rabbitmq.ts";
import { newPrefix, openQueue, typesOf } from "./open-rabbitmq-queue.ts";
import { message, promised, takeSoon } from "./queue-contract.ts";
import { Traffic } from "./traffic.ts";
import { until } from "../until.ts";

/** Servers start slowly where much runs beside them. */
const START = { timeout: 240_000 };

const anyRoom = (): number => Infinity;
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("a cluster of RabbitMQ", { skip: needs("rabbitmq-server").skip, timeout: 240_000 }, () => {
  let rabbit: RabbitMQ;
  before(async () => {
    rabbit = await startRabbitMQ({ nodes: 3 });
  }, START);
  after(() => rabbit[Symbol.asyncDispose]());

  const leaderOf = async (name: string): Promise<RabbitMQNode> => {
    const text = await rabbit.first.ctl("list_queues", "--formatter", "json", "name", "leader");
    const queues = JSON.parse(text) as { name: string; leader: string }[];
    const number = /n(\d)@/.exec(queues.find((queue) => queue.name === name)?.leader ?? "")?.[1];
    assert.ok(number !== undefined, text);
    return rabbit.nodes[Number(number)]!;
  };

  test("the only node that has what rides is killed and stays away: it goes on with the others, and what may be lost is told", async () => {
    const prefix = newPrefix();
    const second = rabbit.nodes[1]!;
    const at = (node: RabbitMQNode): string => rabbit.urlAt(node.port);
    // Its queue lies where it was declared.
    {
      const { queue } = await openQueue(at(second), prefix, { consumes: false });
      await using _queue = queue;
      queue.publish([message(), promised()]);
      const rides = `${prefix}.default~rides.normal`;
      await until("it is there", async () => (await typesOf(rabbit.first)).has(rides));
      await later(1500);
    }
    const { queue: sender, told } = await openQueue(at(rabbit.first), prefix, { consumes: false });
    await using _sender = sender;
    const { queue: taker } = await openQueue(at(rabbit.first), prefix);
    await using _taker = taker;
    taker.serve(["default"]);
    taker.settle(await takeSoon(taker, 2));
    await second.kill9();
    const messages = Array.from({ length: 20 }, () => message());
    // One after another, over the moment in which the others notice.
    const got = new Set<string>();
    const take = (): void => {
      const taken = taker.take(100, anyRoom);
      taker.settle(taken);
      for (const { spec } of taken) got.add(spec.id);
    };
    for (const one of messages) {
      sender.publish([one]);
      await later(100);
      take();
    }
    await until("it is told", () => told.ridesLost > 0);
    const last = message();
    sender.publish([last]);
    await until("it comes", () => {
      take();
      return got.has(last.spec.id);
    });
    assert.ok(got.size > 10, `${got.size} of ${messages.length + 1}`);
    await second.start();
  });

  test("the node that leads the queue is killed: work goes on, and nothing that was confirmed is lost", async () => {
    const prefix = newPrefix();
    // Both connections go to the node that leads: it takes them along.
    const { queue, told } = await openQueue(rabbit.url, prefix, { random: () => 0.01 });
    await using _queue = queue;
    const traffic = new Traffic(queue);
    try {
      await later(1500);
      const leader = await leaderOf(`${prefix}.default.normal`);
      await leader.kill9();
      const before = traffic.settled.size;
      await until("work goes on", () => traffic.settled.size > before + 500);
      traffic.stopPublishing();
      await until("all has come", () => traffic.isComplete(told));
      assert.deepEqual(traffic.wrong, []);
      assert.deepEqual(told.lost, []);
    } finally {
      traffic.stop();
    }
  });
});
