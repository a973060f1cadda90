/**
 * All that is consumed here: over one connection, and over one of its own what has ended that one once. RabbitMQ answers for a queue
 * without a leader by ending the connection, and a single one must not take from all others what they were given.
 */
import { RabbitMQLink, type ChannelModel } from "../rabbitmq/link.ts";
import { Consumer, type ConsumerOptions } from "./rabbitmq-consumer.ts";
import type { RabbitMQQueueOptions } from "./rabbitmq-options.ts";
import { optionsOf, queueName } from "./rabbitmq-topology.ts";
import { isSameLane, queueOf, type RemoteLane } from "./remote-lane.ts";
import { PREFETCH } from "./remote-queue.ts";

const LEADERLESS_MS = 30_000;

export type ConsumersOptions = Pick<ConsumerOptions, "onLost" | "isHolding"> & {
  onMessage: (lane: RemoteLane, ...delivered: Parameters<ConsumerOptions["onMessage"]>) => void;
  isWanted: (lane: RemoteLane) => boolean;
};
/** @property own its own connection, if it has one. */
type Consuming = { readonly lane: RemoteLane; readonly consumer: Consumer; own: RabbitMQLink | null };

export class Consumers {
  readonly #options: RabbitMQQueueOptions;
  readonly #prefix: string;
  readonly #listener: ConsumersOptions;
  readonly #link: RabbitMQLink;
  readonly #all: Consuming[] = [];
  #connection: ChannelModel | null = null;
  #turn: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(prefix: string, options: RabbitMQQueueOptions, listener: ConsumersOptions) {
    this.#options = options;
    this.#prefix = prefix;
    this.#listener = listener;
    this.#link = this.#openable("consuming", {
      up: (connection) => {
        this.#connection = connection;
        for (const { consumer, own } of this.#all) if (own === null) consumer.up(connection);
      },
      down: () => {
        this.#connection = null;
        for (const { consumer, own } of this.#all) if (own === null) consumer.down();
      },
    });
  }

  open(): Promise<void> {
    return this.#link.open();
  }

  /** Whatever is wanted is consumed. */
  get isWell(): boolean {
    return (
      this.#link.isUp &&
      this.#all.every(({ lane, consumer }) => consumer.isConsuming || !this.#listener.isWanted(lane))
    );
  }

  /** Once for each. */
  add(lane: RemoteLane): void {
    const { observer, random, prefetch = PREFETCH, leaderlessMs = LEADERLESS_MS } = this.#options;
    const consumer = new Consumer({
      name: queueName(this.#prefix, lane),
      queue: optionsOf(lane),
      prefetch,
      leaderlessMs,
      random,
      inTurn: (work) => (this.#turn = this.#turn.then(work)),
      onDoubtful: () => this.#separate(consuming),
      onMessage: (channel, raw) => this.#listener.onMessage(lane, channel, raw),
      onLost: (channel) => this.#listener.onLost(channel),
      isHolding: (channel) => this.#listener.isHolding(channel),
      onRemade: () => observer.queueLost(lane),
      onError: (error) => observer.trouble(error),
    });
    const consuming: Consuming = { lane, consumer, own: null };
    this.#all.push(consuming);
    if (this.#connection) consumer.up(this.#connection);
    if (this.#listener.isWanted(lane)) consumer.want();
  }

  /** @param messages that wait in it, by the broker. @returns whether it is odd that none of them is here. */
  compare(where: RemoteLane, messages: number): boolean {
    const consuming = this.#all.find(({ lane }) => isSameLane(lane, where));
    return consuming?.consumer.compare(messages) ?? false;
  }

  /** @param queue null for all that is wanted. */
  want(queue: string | null): void {
    for (const { lane, consumer } of this.#all)
      if (queue === null ? this.#listener.isWanted(lane) : queueOf(lane) === queue) consumer.want();
  }

  /** @param queue null for all. Resolves when nothing more comes of it. */
  async stop(queue: string | null): Promise<void> {
    const these = this.#all.filter(({ lane }) => queue === null || queueOf(lane) === queue);
    await Promise.all(these.map(({ consumer }) => consumer.stop()));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([this.#link.close(), ...this.#all.map(({ own }) => own?.close())]);
  }

  #separate(consuming: Consuming): void {
    const { lane, consumer } = consuming;
    if (this.#isClosed) return;
    consumer.down();
    consuming.own = this.#openable(`consuming ${queueName(this.#prefix, lane)}`, {
      up: (connection) => consumer.up(connection),
      down: () => consumer.down(),
    });
    void consuming.own.open();
  }

  #openable(
    duty: string,
    { up, down }: { up: (connection: ChannelModel) => void; down: () => void },
  ): RabbitMQLink {
    const { address, random, name, observer } = this.#options;
    return new RabbitMQLink({
      address,
      random,
      name: `${name}, ${duty}`,
      onUp: async (connection) => up(connection),
      onDown: (error) => {
        down();
        observer.trouble(error);
      },
      onError: (error) => observer.trouble(error),
    });
  }
}
