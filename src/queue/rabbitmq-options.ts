/** What the RabbitMQ driver is told, and whom it tells. */
import type { RabbitMQAddress } from "../rabbitmq/address.ts";
import type { RemoteLane } from "./remote-lane.ts";
import type { RemoteQueueObserver, RemoteQueueOptions } from "./remote-queue.ts";

export interface RabbitMQQueueObserver extends RemoteQueueObserver {
  /** A queue of the broker was lost with what it held: the rows of these should be published again soon. */
  queueLost(lane: RemoteLane): void;
  /** What rides may have been lost, wherever it was on its way: the broker keeps it in memory. */
  ridesLost(): void;
}

export type RabbitMQQueueOptions = RemoteQueueOptions & {
  address: RabbitMQAddress;
  observer: RabbitMQQueueObserver;
  /** Before every name in the broker: several Tandas may share one. Default "tanda". */
  prefix?: string;
  /** A queue that does not answer for so long is made anew; null = never. Default 30 s. */
  leaderlessMs?: number | null;
};
