/** Queues on a real broker, with all they tell. Each test has names of its own there. */
import type { Message } from "../../src/queue/queue.ts";
import { openRabbitMQQueue, type RabbitMQQueue } from "../../src/queue/rabbitmq.ts";
import type { RabbitMQQueueOptions } from "../../src/queue/rabbitmq-options.ts";
import type { UnreadableParcel } from "../../src/queue/remote-queue.ts";
import { RabbitMQAddress } from "../../src/rabbitmq/address.ts";

export class Told {
  readonly unpublished: { id: string; why: string }[] = [];
  readonly blocked: (string | null)[] = [];
  readonly unreadable: UnreadableParcel[] = [];
  readonly lost: string[] = [];
  readonly troubles: string[] = [];

  readonly observer = {
    unpublished: (messages: readonly Message[], why: string): void => {
      this.unpublished.push(...messages.map(({ spec }) => ({ id: spec.id, why })));
    },
    blocked: (reason: string | null): void => void this.blocked.push(reason),
    unreadable: (what: UnreadableParcel): void => void this.unreadable.push(what),
    queueLost: ({ queue }: { queue: string }): void => void this.lost.push(queue),
    trouble: (error: unknown): void => void this.troubles.push(String(error)),
  };
}

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
  return { queue, told };
}
