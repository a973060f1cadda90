/**
 * The bus over RabbitMQ: a queue for each process, which ends with its connection, bound to an exchange by its address and to one
 * that brings everything to all. Sending and hearing have a connection each, as publishing and consuming tasks have.
 */
import type { RabbitMQAddress } from "../rabbitmq/address.ts";
import { openChannel, RabbitMQLink, type Channel, type ChannelModel } from "../rabbitmq/link.ts";
import { type Bus, type Hint, MAX_HINT_CHARS } from "./bus.ts";
import { type Letter, readLetter, tellHints } from "./letter.ts";

/** Together in one message, when they come together. */
const MOST_HINTS = 500;
const MOST_CHARS = 64 * 1024;

export type RabbitMQBusOptions = {
  broker: RabbitMQAddress;
  /** Of this process, like no other's. */
  address: string;
  random: () => number;
  onError: (error: unknown) => void;
  /** Before every name in the broker. Default "tanda". */
  prefix?: string;
};

/** What goes one way; `null` is to all. */
type Box = { hints: string[]; chars: number };

/** Resolves after the first try to connect, also when that failed: then it goes on trying. */
export async function openRabbitMQBus(options: RabbitMQBusOptions): Promise<RabbitMQBus> {
  const bus = new RabbitMQBus(options);
  await bus.open();
  return bus;
}

export class RabbitMQBus implements Bus {
  readonly address: string;
  readonly #options: RabbitMQBusOptions;
  readonly #toOne: string;
  readonly #toAll: string;
  readonly #sending: RabbitMQLink;
  readonly #hearing: RabbitMQLink;
  readonly #boxes = new Map<string | null, Box>();
  #channel: Channel | null = null;
  #isStuck = false;
  #isBlocked = false;
  #isFlushDue = false;
  #wasUp = false;
  #isClosed = false;
  #listeners: ((hint: Hint) => void)[] = [];
  #gapListeners: (() => void)[] = [];

  constructor(options: RabbitMQBusOptions) {
    const { broker: address, random, onError, prefix = "tanda" } = options;
    this.#options = options;
    this.address = options.address;
    this.#toOne = `${prefix}.to-one`;
    this.#toAll = `${prefix}.to-all`;
    this.#sending = new RabbitMQLink({
      address,
      random,
      onError,
      name: `${this.address}, telling`,
      onUp: (connection) => this.#startSending(connection),
      onDown: (error) => {
        this.#channel = null;
        this.#isBlocked = false;
        this.#boxes.clear();
        onError(error);
      },
      onBlocked: (reason) => (this.#isBlocked = reason !== null),
    });
    this.#hearing = new RabbitMQLink({
      address,
      random,
      onError,
      name: `${this.address}, hearing`,
      onUp: (connection) => this.#startHearing(connection),
      onDown: onError,
    });
  }

  async open(): Promise<void> {
    await Promise.all([this.#sending.open(), this.#hearing.open()]);
  }

  send(address: string, hint: Hint): boolean {
    return this.#post(address, hint);
  }

  broadcast(hint: Hint): boolean {
    return this.#post(null, hint);
  }

  onHint(listener: (hint: Hint) => void): void {
    this.#listeners.push(listener);
  }

  onGap(listener: () => void): void {
    this.#gapListeners.push(listener);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#flush();
    this.#isClosed = true;
    this.#listeners = [];
    this.#gapListeners = [];
    await Promise.all([this.#sending.close(), this.#hearing.close()]);
    this.#channel = null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #startSending(connection: ChannelModel): Promise<void> {
    const channel = await openChannel(connection.createChannel(), () => {
      if (this.#channel !== channel) return;
      this.#channel = null;
      this.#sending.drop("the channel for hints was closed");
    });
    await channel.assertExchange(this.#toOne, "direct", { durable: true });
    await channel.assertExchange(this.#toAll, "fanout", { durable: true });
    channel.on("drain", () => (this.#isStuck = false));
    this.#isStuck = false;
    this.#channel = channel;
  }

  async #startHearing(connection: ChannelModel): Promise<void> {
    const channel = await openChannel(connection.createChannel(), () => {
      // Also when the broker deleted the queue: another connection declares all of it again.
      this.#hearing.drop("the channel for hints was closed");
    });
    await channel.assertExchange(this.#toOne, "direct", { durable: true });
    await channel.assertExchange(this.#toAll, "fanout", { durable: true });
    const { queue } = await channel.assertQueue("", { exclusive: true, durable: false });
    await channel.bindQueue(queue, this.#toOne, this.address);
    await channel.bindQueue(queue, this.#toAll, "");
    await channel.consume(
      queue,
      (message) => {
        if (message) this.#hear(message.content, message.fields.exchange === this.#toAll);
        else this.#hearing.drop("the queue for hints was deleted");
      },
      { noAck: true },
    );
    if (this.#wasUp) for (const listener of this.#gapListeners) listener();
    this.#wasUp = true;
  }

  #post(to: string | null, hint: Hint): boolean {
    const text = JSON.stringify(hint);
    if (text.length > MAX_HINT_CHARS || this.#channel === null || this.#isClosed) return false;
    if (this.#isStuck || this.#isBlocked) return false;
    let box = this.#boxes.get(to);
    if (box === undefined) this.#boxes.set(to, (box = { hints: [], chars: 0 }));
    box.hints.push(text);
    box.chars += text.length;
    if (box.hints.length >= MOST_HINTS || box.chars >= MOST_CHARS) this.#flush();
    else if (!this.#isFlushDue) {
      this.#isFlushDue = true;
      setImmediate(() => this.#flush());
    }
    return true;
  }

  #flush(): void {
    this.#isFlushDue = false;
    const channel = this.#channel;
    for (const [to, { hints }] of this.#boxes) {
      const letter = `{"v":1,"from":${JSON.stringify(this.address)},"hints":[${hints.join()}]}`;
      try {
        const exchange = to === null ? this.#toAll : this.#toOne;
        // A full socket means that the broker reads slowly, or nothing any more.
        if (channel && !channel.publish(exchange, to ?? "", Buffer.from(letter))) this.#isStuck = true;
      } catch {
        // The channel closed in this very turn. Hints may be lost.
      }
    }
    this.#boxes.clear();
  }

  #hear(bytes: Buffer, isToAll: boolean): void {
    let letter: Letter;
    try {
      letter = readLetter(bytes.toString("utf8"));
    } catch (error) {
      return this.#options.onError(error);
    }
    if (isToAll && letter.from === this.address) return;
    tellHints(letter.hints, this.#listeners, this.#options.onError);
  }
}
