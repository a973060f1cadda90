/** Queues on a real broker, with all they tell. Each test has names of its own there. */
import { after } from "node:test";
import { openRabbitMQQueue, type RabbitMQQueue } from "../../src/queue/rabbitmq.ts";
import type { RabbitMQQueueOptions } from "../../src/queue/rabbitmq-options.ts";
import { RabbitMQAddress } from "../../src/rabbitmq/address.ts";
import type { RabbitMQNode } from "../services/rabbitmq.ts";
import { Told } from "./told.ts";

/** A test that failed may have left some open, and they would look for their broker for ever. */
const opened: RabbitMQQueue[] = [];
after(() => Promise.all(opened.map((queue) => queue.close())));

let prefixes = 0;

export function newPrefix(): string {
  return `test${prefixes++}`;
}

export async function openQueue(
  url: string,
  prefix: string,
  options: Partial<RabbitMQQueueOptions> = {},
): Promise<{ queue: RabbitMQQueue; told: Told }> {
  const told = new Told();
  const queue = await openRabbitMQQueue({
    address: new RabbitMQAddress(url),
    name: "a test",
    observer: told.observer,
    random: Math.random,
    prefix,
    ...options,
  });
  opened.push(queue);
  return { queue, told };
}

/** The queues of the broker, and of which type each is. */
export async function typesOf(node: RabbitMQNode): Promise<Map<string, string>> {
  const text = await node.ctl("list_queues", "--formatter", "json", "name", "type");
  const queues = JSON.parse(text) as { name: string; type: string }[];
  return new Map(queues.map(({ name, type }) => [name, type]));
}
