/**
 * The queue of many processes: RabbitMQ says who is next, and a window here holds what was prefetched, picked like the embedded
 * queue's. Publishing and consuming have a connection each, so that a broker that takes nothing more still gives. Nothing is promised
 * here: what could not be confirmed is told, and the rows are the truth.
 */
import { RabbitMQLink, type Channel } from "../rabbitmq/link.ts";
import { PRIORITIES } from "../task/task.ts";
import { Deliveries } from "./deliveries.ts";
import { Intake } from "./intake.ts";
import type { Message, QueueDepth } from "./queue.ts";
import { Consumers } from "./rabbitmq-consumers.ts";
import { Depths } from "./rabbitmq-depths.ts";
import { Directory } from "./rabbitmq-directory.ts";
import { RabbitMQIntake } from "./rabbitmq-intake.ts";
import type { RabbitMQQueueOptions } from "./rabbitmq-options.ts";
import { Publisher } from "./rabbitmq-publisher.ts";
import {
  BUFFER_BYTES,
  BUFFER_TASKS,
  CONFIRM_MS,
  type QueueHealth,
  type RemoteLane,
  type RemoteQueue,
} from "./remote-queue.ts";
import { AGE_STEP_MS, Window } from "./window.ts";

const CLOSE_MS = 5000;

/** Resolves after the first try to connect, also when that failed: then it goes on trying. */
export async function openRabbitMQQueue(options: RabbitMQQueueOptions): Promise<RabbitMQQueue> {
  const queue = new RabbitMQQueue(options);
  await queue.open();
  return queue;
}

export class RabbitMQQueue implements RemoteQueue {
  readonly #options: RabbitMQQueueOptions;
  readonly #prefix: string;
  readonly #window: Window;
  readonly #deliveries = new Deliveries<Channel>();
  readonly #intake: Intake<Channel>;
  readonly #publisher: Publisher;
  readonly #directory: Directory;
  readonly #depths: Depths;
  readonly #publishing: RabbitMQLink;
  readonly #consumers: Consumers;
  #blocked: string | null = null;
  #isQuiet = false;
  #isClosed = false;

  constructor(options: RabbitMQQueueOptions) {
    const { observer, address, random, name } = options;
    this.#options = options;
    this.#prefix = options.prefix ?? "tanda";
    this.#window = new Window({
      ageStepMs: options.ageStepMs ?? AGE_STEP_MS,
      shareOf: () => null,
      onCount: () => {},
      onEmpty: () => {},
    });
    this.#intake = new Intake(this.#window, this.#deliveries);
    const broker = new RabbitMQIntake(this.#intake, (what) => observer.unreadable(what));
    const onError = (error: unknown): void => observer.trouble(error);
    this.#publisher = new Publisher({
      prefix: this.#prefix,
      tasksAtOnce: options.tasksAtOnce ?? ((): number => Infinity),
      limits: { tasks: options.bufferTasks ?? BUFFER_TASKS, bytes: options.bufferBytes ?? BUFFER_BYTES },
      confirmMs: options.confirmMs ?? CONFIRM_MS,
      onDeclared: (lane) => this.#directory.add(lane),
      onConfirmed: (lane, tasks) => this.#depths.learn(lane, tasks),
      onUnpublished: (messages, why) => observer.unpublished(messages, why),
      onError,
    });
    this.#directory = new Directory(this.#prefix, (lane) => this.#learn(lane));
    this.#depths = new Depths({
      prefix: this.#prefix,
      lanes: () => this.#directory.lanes(),
      onMissing: (lane) => this.#publisher.doubt(lane),
    });
    this.#publishing = new RabbitMQLink({
      address,
      random,
      onError,
      name: `${name}, publishing`,
      onUp: async (connection) => {
        this.#depths.up(connection);
        await this.#publisher.up(connection);
        await this.#directory.up(connection);
      },
      onDown: (error) => {
        this.#setBlocked(null);
        this.#depths.down();
        this.#directory.down();
        this.#publisher.down((error as Error).message);
        onError(error);
      },
      onBlocked: (reason) => this.#setBlocked(reason),
    });
    this.#consumers = new Consumers(this.#prefix, options, {
      isWanted: (lane) => this.#isWanted(lane),
      onMessage: (lane, channel, raw) => {
        const tasks = broker.receive(lane.queue, channel, raw);
        if (tasks === 0) return;
        this.#depths.learn(lane, tasks);
        this.#window.announce();
      },
      onLost: (channel) => this.#intake.lose(channel),
    });
  }

  /** Ready is who publishes and, where that is its part, consumes every queue it knows of. */
  get health(): QueueHealth {
    const isConsuming = this.#consumers.isWell;
    return { isPublishing: this.#publishing.isUp, isConsuming, blocked: this.#blocked };
  }

  async open(): Promise<void> {
    const isConsumer = this.#options.consumes ?? true;
    await Promise.all([this.#publishing.open(), isConsumer ? this.#consumers.open() : null]);
  }

  /** There may be tasks of these: of each priority a queue is consumed. */
  serve(queues: readonly string[]): void {
    for (const queue of queues)
      for (let priority = 0; priority < PRIORITIES.length; priority++)
        this.#directory.add({ queue, priority });
  }

  publish(messages: readonly Message[]): void {
    const fresh = messages.filter(({ spec }) => !this.#window.has(spec.id));
    if (this.#isClosed) setImmediate(() => this.#options.observer.unpublished(fresh, "the queue was closed"));
    else this.#publisher.add(fresh);
  }

  take(max: number, room: (action: string) => number): Message[] {
    return this.#window.take(max, this.#window.openLanes(room));
  }

  onReady(listener: () => void): void {
    this.#window.onReady(listener);
  }

  settle(messages: readonly Message[]): void {
    for (const { spec } of messages) {
      this.#window.settle(spec.id);
      this.#deliveries.settle(spec.id);
    }
  }

  putBack(messages: readonly Message[]): void {
    this.#window.putBack(messages);
  }

  remove(ids: readonly string[]): string[] {
    return ids.filter((id) => {
      if (this.#publisher.remove(id)) return true;
      if (!this.#window.isWaiting(id)) return false;
      this.#window.settle(id);
      this.#deliveries.settle(id);
      return true;
    });
  }

  pause(queue: string): void {
    this.#window.pause(queue);
    void this.#consumers.stop(queue).then(() => {
      if (this.#window.isPaused(queue) && !this.#isClosed)
        this.#giveBack(this.#window.messages("waiting").filter(({ spec }) => spec.queue === queue));
    });
  }

  resume(queue: string): void {
    this.#window.resume(queue);
    if (!this.#isQuiet && !this.#isClosed) this.#consumers.want(queue);
  }

  quiesce(): void {
    this.#isQuiet = true;
    this.#window.quiesce();
    void this.#consumers.stop(null).then(() => {
      if (!this.#isClosed) this.#giveBack(this.#window.messages("waiting").filter(({ isRide }) => !isRide));
    });
  }

  depths(): QueueDepth[] {
    const depths = new Map(this.#window.depths().map((depth) => [depth.queue, depth]));
    for (const [queue, tasks] of this.#depths.byQueue()) {
      const here = depths.get(queue) ?? { queue, waiting: 0, waitingBytes: 0, oldestAt: null };
      const bytesEach = here.waiting > 0 ? here.waitingBytes / here.waiting : 0;
      const waitingBytes = here.waitingBytes + Math.round(bytesEach * tasks);
      depths.set(queue, { ...here, waiting: here.waiting + tasks, waitingBytes });
    }
    return [...depths.values()];
  }

  /** Of what lies here; in the broker nobody can tell. */
  position(id: string): number | null {
    return this.#window.position(id);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#consumers.stop(null);
    const begun = this.#window.messages("taken");
    this.#giveBack(this.#window.messages("waiting"));
    this.#giveBack(begun.map((message) => ({ ...message, isRide: false, isRepeat: true })));
    await this.#publisher.close(CLOSE_MS);
    this.#directory.close();
    this.#depths.close();
    await Promise.all([this.#publishing.close(), this.#consumers.close()]);
    this.#window.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** For others, through the broker: to reject a delivery would mark what nobody has begun as given before. */
  #giveBack(messages: readonly Message[]): void {
    for (const { spec } of messages) this.#window.settle(spec.id);
    // What came by a channel that is gone comes again by itself.
    const ours = messages.filter(({ spec }) => this.#deliveries.has(spec.id));
    const settles = new Map(ours.map(({ spec }) => [spec.id, this.#deliveries.release(spec.id)]));
    this.#publisher.add(ours, (message, isConfirmed) => {
      if (isConfirmed) settles.get(message.spec.id)!();
      // Unsettled, it comes again from the broker when the channel closes.
      else if (!this.#isClosed && !this.#window.has(message.spec.id)) this.#window.add(message);
    });
  }

  #learn(lane: RemoteLane): void {
    if ((this.#options.consumes ?? true) && !this.#isClosed) this.#consumers.add(lane);
  }

  #isWanted({ queue }: RemoteLane): boolean {
    return !this.#isQuiet && !this.#isClosed && !this.#window.isPaused(queue);
  }

  #setBlocked(reason: string | null): void {
    if (this.#blocked === reason) return;
    this.#blocked = reason;
    this.#publisher.block(reason !== null);
    this.#options.observer.blocked(reason);
  }
}
