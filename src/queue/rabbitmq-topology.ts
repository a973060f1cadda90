/**
 * What stands in RabbitMQ, by name. docs/rabbitmq.md draws it. Arguments are constants: a queue that is declared again with others
 * is refused, so a change of them needs new names.
 */
import type { Options } from "../rabbitmq/link.ts";
import { PRIORITIES } from "../task/task.ts";
import { isForRides, type RemoteLane } from "./remote-lane.ts";

/** Messages, of up to MOST_TASKS tasks each; beyond it the broker refuses, and the store keeps what was promised. */
const MOST_MESSAGES = 1_000_000;
const MOST_BYTES = 1024 ** 3;
/** As RabbitMQ 4 has it by itself. What was given so often and never settled is dropped: its row is published again. */
const MOST_DELIVERIES = 20;

const LIMITS = {
  "x-overflow": "reject-publish",
  "x-max-length": MOST_MESSAGES,
  "x-max-length-bytes": MOST_BYTES,
};

const KEPT: Options.AssertQueue = {
  durable: true,
  arguments: {
    "x-queue-type": "quorum",
    "x-queue-leader-locator": "balanced",
    "x-delivery-limit": MOST_DELIVERIES,
    ...LIMITS,
  },
};

/** The queue outlives the broker, since RabbitMQ 4 wants it so; what is in it, which is sent as transient, does not. */
const FOR_RIDES: Options.AssertQueue = {
  durable: true,
  arguments: { "x-queue-type": "classic", ...LIMITS },
};

export function optionsOf(lane: RemoteLane): Options.AssertQueue {
  return isForRides(lane) ? FOR_RIDES : KEPT;
}

/** One queue of the broker for each lane. */
export function queueName(prefix: string, { name, priority }: RemoteLane): string {
  return `${prefix}.${name}.${PRIORITIES[priority]}`;
}

/** A fanout: who knows of which queues, since nobody can list them. */
export function directoryName(prefix: string): string {
  return `${prefix}.queues`;
}
