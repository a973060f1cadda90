/** What the RabbitMQ driver is told, and whom it tells. */
import type { RabbitMQAddress } from "../rabbitmq/address.ts";
import type { Message } from "./queue.ts";
import type { UnreadableDelivery } from "./rabbitmq-intake.ts";
import type { BrokerLane } from "./rabbitmq-topology.ts";

export interface RabbitMQQueueObserver {
  /** Not confirmed, for this reason. They may have arrived nonetheless. Called once for each that was published. */
  unpublished(messages: readonly Message[], why: string): void;
  /** Why the broker takes nothing for now (memory, disk); null when it does again. */
  blocked(reason: string | null): void;
  unreadable(what: UnreadableDelivery): void;
  /** A queue of the broker was lost with what it held: the rows of these should be published again soon. */
  queueLost(lane: BrokerLane): void;
  /** Of the network or the broker; it goes on by itself. */
  trouble(error: unknown): void;
}

export type RabbitMQQueueOptions = {
  address: RabbitMQAddress;
  /** Whose connections they are, for who looks at the broker. */
  name: string;
  observer: RabbitMQQueueObserver;
  random: () => number;
  /** Before every name in the broker: several Tandas may share one. Default "tanda". */
  prefix?: string;
  /** Whether tasks are taken here; else only published. Default true. */
  consumes?: boolean;
  /** Messages of one queue and priority that may be here unsettled, of up to 200 tasks each. Default 8. */
  prefetch?: number;
  /** How many tasks of an action may travel together to one worker: few of what takes long. Default 200. */
  tasksAtOnce?: (action: string) => number;
  /** From `publish` to the broker's confirm, at most. Default 10 s. */
  confirmMs?: number;
  /** A queue that does not answer for so long is made anew; null = never. Default 30 s. */
  leaderlessMs?: number | null;
  /** Most that may wait here to be sent. Default 100,000 tasks, 64 MiB. */
  bufferTasks?: number;
  bufferBytes?: number;
  ageStepMs?: number;
};
