import { after, before, describe } from "node:test";
import { needs } from "../../scripts/system-programs.ts";
import { startRabbitMQ, type RabbitMQ } from "../services/rabbitmq.ts";
import { newPrefix, openQueue } from "./open-rabbitmq-queue.ts";
import { queueContract } from "./queue-contract.ts";

describe("RabbitMQ", { skip: needs("rabbitmq-server").skip, timeout: 120_000 }, () => {
  let rabbit: RabbitMQ;
  before(async () => {
    rabbit = await startRabbitMQ();
  });
  after(() => rabbit[Symbol.asyncDispose]());

  queueContract("the RabbitMQ queue", async () => (await openQueue(rabbit.url, newPrefix())).queue);
});
