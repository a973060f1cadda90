/** The queue over RabbitMQ. Publishing and consuming have a connection each, so that a broker that takes nothing more still gives. */
import { RabbitMQLink, type Channel } from "../rabbitmq/link.ts";
import { PRIORITIES } from "../task/task.ts";
import { ParcelQueue, type Landing, type Transport, type Waiting } from "./parcel-queue.ts";
import { Consumers } from "./rabbitmq-consumers.ts";
import { Depths } from "./rabbitmq-depths.ts";
import { Directory } from "./rabbitmq-directory.ts";
import { RabbitMQIntake } from "./rabbitmq-intake.ts";
import type { RabbitMQQueueOptions } from "./rabbitmq-options.ts";
import { Publisher } from "./rabbitmq-publisher.ts";
import { queueOf, ridesOf, type RemoteLane } from "./remote-lane.ts";
import { BUFFER_BYTES, BUFFER_TASKS, CONFIRM_MS, type RemoteQueue } from "./remote-queue.ts";

export type RabbitMQQueue = RemoteQueue;

/** Resolves after the first try to connect, also when that failed: then it goes on trying. */
export async function openRabbitMQQueue(options: RabbitMQQueueOptions): Promise<RabbitMQQueue> {
  const queue = new ParcelQueue<Channel>(options, (landing) => new RabbitMQTransport(options, landing));
  await queue.open();
  return queue;
}

class RabbitMQTransport implements Transport {
  readonly publisher: Publisher;
  readonly #options: RabbitMQQueueOptions;
  readonly #landing: Landing<Channel>;
  readonly #directory: Directory;
  readonly #depths: Depths;
  readonly #publishing: RabbitMQLink;
  readonly #consumers: Consumers;
  #wasUp = false;
  #isClosed = false;

  constructor(options: RabbitMQQueueOptions, landing: Landing<Channel>) {
    const { observer, address, random, name, prefix = "tanda" } = options;
    this.#options = options;
    this.#landing = landing;
    const intake = new RabbitMQIntake(landing.intake, (what) => observer.unreadable(what));
    const onError = (error: unknown): void => observer.trouble(error);
    this.publisher = new Publisher({
      prefix,
      tasksAtOnce: options.tasksAtOnce ?? ((): number => Infinity),
      hasOwnLane: options.hasOwnLane ?? ((): boolean => false),
      limits: { tasks: options.bufferTasks ?? BUFFER_TASKS, bytes: options.bufferBytes ?? BUFFER_BYTES },
      confirmMs: options.confirmMs ?? CONFIRM_MS,
      onDeclared: (lane) => this.#directory.add(lane),
      onConfirmed: (lane, tasks) => this.#depths.learn(lane, tasks),
      onUnpublished: (messages, why) => observer.unpublished(messages, why),
      onRidesLost: () => observer.ridesLost(),
      onError,
    });
    this.#directory = new Directory(prefix, (lane) => this.#learn(lane));
    this.#depths = new Depths({
      prefix,
      lanes: () => this.#directory.lanes(),
      onMissing: (lane) => this.publisher.doubt(lane),
      onWaiting: (lane, messages) => this.#consumers.compare(lane, messages),
    });
    this.#publishing = new RabbitMQLink({
      address,
      random,
      onError,
      name: `${name}, publishing`,
      onUp: async (connection) => {
        this.#depths.up(connection);
        await this.publisher.up(connection);
        await this.#directory.up(connection);
        // The broker may be another life of the one that was here before.
        if (this.#wasUp) observer.ridesLost();
        this.#wasUp = true;
      },
      onDown: (error) => {
        this.#block(null);
        this.#depths.down();
        this.#directory.down();
        this.publisher.down((error as Error).message);
        observer.ridesLost();
        onError(error);
      },
      onBlocked: (reason) => this.#block(reason),
    });
    this.#consumers = new Consumers(prefix, options, {
      isWanted: (lane) => landing.isWanted(queueOf(lane)),
      onMessage: (lane, channel, raw) => {
        const tasks = intake.receive(queueOf(lane), channel, raw);
        if (tasks === 0) return;
        this.#depths.learn(lane, tasks);
        landing.announce();
      },
      onLost: (channel) => landing.intake.lose(channel),
      isHolding: (channel) => landing.intake.holds(channel),
    });
  }

  get isPublishing(): boolean {
    return this.#publishing.isUp;
  }

  /** Every queue it knows of. */
  get isConsuming(): boolean {
    return this.#consumers.isWell;
  }

  async open(): Promise<void> {
    const isConsumer = this.#options.consumes ?? true;
    await Promise.all([this.#publishing.open(), isConsumer ? this.#consumers.open() : null]);
  }

  /** Of each priority a queue is consumed. */
  serve(queues: readonly string[]): void {
    for (const name of queues)
      for (let priority = 0; priority < PRIORITIES.length; priority++)
        for (const lane of [{ name, priority }, ridesOf({ name, priority })]) this.#directory.learn(lane);
  }

  want(queue: string | null): void {
    this.#consumers.want(queue);
  }

  stop(queue: string | null): Promise<void> {
    return this.#consumers.stop(queue);
  }

  waiting(): Map<string, Waiting> {
    const counts = [...this.#depths.byQueue()];
    return new Map(counts.map(([queue, tasks]) => [queue, { tasks, bytes: null, oldestAt: null }]));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#directory.close();
    this.#depths.close();
    await Promise.all([this.#publishing.close(), this.#consumers.close()]);
  }

  #learn(lane: RemoteLane): void {
    if ((this.#options.consumes ?? true) && !this.#isClosed) this.#consumers.add(lane);
  }

  #block(reason: string | null): void {
    this.publisher.block(reason !== null);
    this.#landing.block(reason);
  }
}
