/**
 * Consumes one queue of the broker, on a channel of its own, whenever there is a connection and it is wanted. An open port is not a
 * queue that works: after a crash of the broker one may have no leader for seconds, or for ever. So every step has a time limit, is
 * tried again, and a queue that has not answered for long is made anew: what it held has rows, which are published again.
 */
import {
  openChannel,
  within,
  type Channel,
  type ChannelModel,
  type ConsumeMessage,
  type Options,
} from "../rabbitmq/link.ts";
import { Prefetch } from "./rabbitmq-prefetch.ts";

const STEP_MS = 5000;
const PAUSE_MS = 500;
/** Longer than it takes to connect again to a broker that is there. */
const FORGIVE_MS = 15_000;

export type ConsumerOptions = {
  name: string;
  /** As it is declared. */
  queue: Options.AssertQueue;
  /** Messages with full parcels that may be here unacknowledged. */
  prefetch: number;
  /** A queue that does not work for so long is deleted and declared again; null = never. */
  leaderlessMs: number | null;
  random: () => number;
  /** Does this when nobody else on the connection does such a thing: so that the one is known by whom it was ended. */
  inTurn: (work: () => Promise<void>) => Promise<void>;
  /**
   * Consuming it failed once. RabbitMQ answers for a queue without a leader by ending the whole connection: from now on it is to
   * have one of its own (`down`, then `up`), so that it disturbs no other.
   */
  onDoubtful: () => void;
  onMessage: (channel: Channel, message: ConsumeMessage) => void;
  /** What this channel had brought and is not acknowledged comes again. */
  onLost: (channel: Channel) => void;
  /** Whether something that this channel has brought is not settled. */
  isHolding: (channel: Channel) => boolean;
  onRemade: () => void;
  onError: (error: unknown) => void;
};

export class Consumer {
  readonly #options: ConsumerOptions;
  readonly #prefetch: Prefetch;
  #connection: ChannelModel | null = null;
  #channel: Channel | null = null;
  #tag: string | null = null;
  /** With so many it consumes. */
  #prefetched = 0;
  #isWanted = false;
  #failingSince: number | null = null;
  #failedAt = 0;
  #isDoubtful = false;
  /** The broker has no such queue any more, with all that was in it. */
  #isDeleted = false;
  /** Since it was last compared with what waits. */
  #hasHeard = false;
  #isOdd = false;
  #pause: NodeJS.Timeout | null = null;
  #work: Promise<void> = Promise.resolve();

  constructor(options: ConsumerOptions) {
    this.#options = options;
    this.#prefetch = new Prefetch(options.prefetch);
  }

  get isConsuming(): boolean {
    return this.#tag !== null;
  }

  up(connection: ChannelModel): void {
    this.#connection = connection;
    if (this.#failingSince === null) this.#next();
    else this.#later();
  }

  down(): void {
    this.#connection = null;
    const channel = this.#channel;
    this.#channel = null;
    this.#tag = null;
    if (channel) this.#options.onLost(channel);
  }

  /**
   * A consumer may go deaf: its queue was deleted and made anew before the broker told it (seen with 3.10, which then holds messages
   * for it that never come). So one that twice has nothing, while messages wait, is begun anew.
   * @returns whether it has nothing.
   */
  compare(waiting: number): boolean {
    const channel = this.#tag === null ? null : this.#channel;
    const wasOdd = this.#isOdd;
    this.#isOdd = channel !== null && waiting > 0 && !this.#hasHeard && !this.#options.isHolding(channel);
    this.#hasHeard = false;
    if (!this.#isOdd || !wasOdd) return this.#isOdd;
    this.#isOdd = false;
    // With what was in it then.
    this.#isDeleted = true;
    const { name, onError } = this.#options;
    onError(
      new Error(`RabbitMQ gives nothing of ${name}, where ${waiting} messages wait: it is consumed anew`),
    );
    this.#ended(channel!);
    return false;
  }

  want(): void {
    this.#isWanted = true;
    this.#next();
  }

  /** Resolves when nothing comes any more. What came before stays to be settled. */
  async stop(): Promise<void> {
    this.#isWanted = false;
    this.#next();
    await this.#work;
  }

  /** One step after another, never two at once: what is wanted may change while one is under way. */
  #next(): void {
    if (this.#pause !== null) clearTimeout(this.#pause);
    this.#pause = null;
    const step = (): Promise<void> => this.#step();
    this.#work = this.#work.then(() => (this.#isDoubtful ? step() : this.#options.inTurn(step)));
  }

  async #step(): Promise<void> {
    const connection = this.#connection;
    if (connection === null) return;
    const [channel, tag] = [this.#channel, this.#tag];
    if (this.#isWanted) {
      if (tag !== null && this.#prefetched === this.#prefetch.messages) return;
      await this.#start(connection);
    } else this.#tag = null;
    // The one before ends when the new one has begun: so it is consumed all the time.
    if (tag !== null && channel !== null && this.#channel === channel) await this.#cancel(channel, tag);
  }

  async #cancel(channel: Channel, tag: string): Promise<void> {
    try {
      await this.#within(channel.cancel(tag));
    } catch (error) {
      this.#options.onError(error);
      if (this.#channel === channel) this.#lose(channel);
    }
  }

  async #start(connection: ChannelModel): Promise<void> {
    try {
      if (this.#isHopeless()) await this.#remake(connection);
      await this.#consume(connection);
      this.#failingSince = null;
    } catch (error) {
      this.#noteFailure();
      // Of a connection that is gone its link tells.
      if (this.#connection === connection) {
        this.#options.onError(error);
        this.#lose(this.#channel);
        this.#later();
      }
      if (this.#isDoubtful) return;
      this.#isDoubtful = true;
      this.#options.onDoubtful();
    }
  }

  #noteFailure(): void {
    const now = performance.now();
    // The broker was away meanwhile: that says nothing against the queue.
    if (now - this.#failedAt > FORGIVE_MS) this.#failingSince = null;
    this.#failedAt = now;
    this.#failingSince ??= now;
  }

  #isHopeless(): boolean {
    const { leaderlessMs } = this.#options;
    const now = performance.now();
    if (leaderlessMs === null || this.#failingSince === null || now - this.#failedAt > FORGIVE_MS)
      return false;
    return now - this.#failingSince >= leaderlessMs;
  }

  async #consume(connection: ChannelModel): Promise<void> {
    const { name, queue } = this.#options;
    const { messages } = this.#prefetch;
    const channel = this.#channel ?? (await this.#open(connection));
    this.#channel = channel;
    await this.#within(channel.assertQueue(name, queue));
    await this.#within(channel.prefetch(messages));
    const consuming = channel.consume(name, (message) => {
      this.#hasHeard = true;
      if (message !== null) {
        if (this.#prefetch.learn(message)) this.#next();
        return this.#options.onMessage(channel, message);
      }
      // The broker cancels the consumers of a queue that is deleted.
      this.#isDeleted = true;
      this.#ended(channel);
    });
    const { consumerTag } = await this.#within(consuming);
    if (this.#channel === channel) this.#tag = consumerTag;
    this.#prefetched = messages;
    if (this.#isDeleted) this.#options.onRemade();
    this.#isDeleted = false;
  }

  async #open(connection: ChannelModel): Promise<Channel> {
    const channel = await this.#within(
      openChannel(connection.createChannel(), (error) => {
        if (error) this.#options.onError(error);
        this.#ended(channel);
      }),
    );
    return channel;
  }

  #ended(channel: Channel): void {
    if (this.#channel !== channel) return;
    this.#lose(channel);
    if (this.#connection !== null) this.#later();
  }

  #lose(channel: Channel | null): void {
    this.#channel = null;
    this.#tag = null;
    if (channel === null) return;
    this.#options.onLost(channel);
    channel.close().catch(() => {});
  }

  #later(): void {
    if (this.#pause !== null) return;
    this.#pause = setTimeout(() => this.#next(), PAUSE_MS * (0.5 + this.#options.random()));
    this.#pause.unref();
  }

  async #remake(connection: ChannelModel): Promise<void> {
    const { name, queue } = this.#options;
    const channel = await this.#within(openChannel(connection.createChannel(), () => {}));
    await this.#within(channel.deleteQueue(name));
    this.#failingSince = null;
    await this.#within(channel.assertQueue(name, queue));
    channel.close().catch(() => {});
    this.#options.onRemade();
  }

  #within<T>(work: Promise<T>): Promise<T> {
    return within(STEP_MS, work, `RabbitMQ did not answer for the queue ${this.#options.name}`);
  }
}
