import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { needs } from "../../scripts/system-programs.ts";
import { startRabbitMQ, type RabbitMQ, type RabbitMQNode } from "../services/rabbitmq.ts";
import { newPrefix, openQueue } from "./open-rabbitmq-queue.ts";
import { until } from "./queue-contract.ts";
import { Traffic } from "./traffic.ts";

/** Servers start slowly where much runs beside them. */
const START = { timeout: 240_000 };

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
