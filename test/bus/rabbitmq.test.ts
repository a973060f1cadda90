import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openRabbitMQBus, type RabbitMQBus } from "../../src/bus/rabbitmq.ts";
import { RabbitMQAddress } from "../../src/rabbitmq/address.ts";
import { needs } from "../../scripts/system-programs.ts";
import { startRabbitMQ, type RabbitMQ } from "../services/rabbitmq.ts";
import { busContract, Heard } from "./bus-contract.ts";

describe("RabbitMQ", { skip: needs("rabbitmq-server").skip, timeout: 120_000 }, () => {
  let rabbit: RabbitMQ;
  let opened = 0;
  before(async () => {
    rabbit = await startRabbitMQ();
  });
  after(() => rabbit[Symbol.asyncDispose]());

  const open = (prefix: string): Promise<RabbitMQBus> =>
    openRabbitMQBus({
      broker: new RabbitMQAddress(rabbit.url),
      address: `process-${opened++}`,
      random: Math.random,
      onError: () => {},
      prefix,
    });

  busContract("the RabbitMQ bus", async () => {
    const prefix = `line${opened}`;
    return () => open(prefix);
  });

  test("keeps its addresses over the broker's death, tells of the gap, and never blocks meanwhile", async () => {
    await using a = await open("gap");
    await using b = await open("gap");
    const heard = new Heard(b);
    a.send(b.address, { type: "before" });
    await heard.atLeast(1);
    let gaps = 0;
    b.onGap(() => gaps++);
    await rabbit.first.kill9();
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(a.send(b.address, { type: "lost" }), false);
    assert.equal(gaps, 0);
    await rabbit.first.start();
    const until = performance.now() + 20_000;
    let n = 0;
    while (heard.hints.length < 2) {
      assert.ok(performance.now() < until, "no hint after the restart");
      a.send(b.address, { type: "after", n: n++ });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.equal(gaps, 1);
    assert.equal(heard.hints[1]!.type, "after");
  });
});
