/** Declares a queue of the broker before anything is sent to it, and again when it may be gone. */
import { openChannel, within, type Channel, type ChannelModel } from "../rabbitmq/link.ts";
import type { OutLane } from "./outgoing.ts";
import { optionsOf, queueName } from "./rabbitmq-topology.ts";

const DECLARE_MS = 5000;
const AGAIN_MS = 1000;

export type DeclarerOptions = {
  prefix: string;
  onDeclared: (lane: OutLane) => void;
  onRefused: (lane: OutLane, error: unknown) => void;
  /** It may be tried again. */
  onRested: () => void;
};

export class Declarer {
  readonly #options: DeclarerOptions;
  /** Weak: lanes are forgotten by whoever made them. */
  #declared = new WeakSet<OutLane>();
  #declaring = new WeakSet<OutLane>();
  #connection: ChannelModel | null = null;
  #channel: Channel | null = null;

  constructor(options: DeclarerOptions) {
    this.#options = options;
  }

  up(connection: ChannelModel): void {
    this.#connection = connection;
    this.#declared = new WeakSet();
  }

  down(): void {
    this.#connection = null;
    this.#channel = null;
    this.#declared = new WeakSet();
    // What was asked on this connection may stay unanswered; on the next one it is asked anew.
    this.#declaring = new WeakSet();
  }

  isDeclared(lane: OutLane): boolean {
    return this.#declared.has(lane);
  }

  doubt(lane: OutLane): void {
    this.#declared.delete(lane);
  }

  /** It was deleted. Made anew before the broker has told its consumers, it would have consumers that hear nothing. */
  declareLater(lane: OutLane): void {
    const declaring = this.#declaring;
    this.#declared.delete(lane);
    if (declaring.has(lane)) return;
    declaring.add(lane);
    setTimeout(() => {
      declaring.delete(lane);
      this.#options.onRested();
    }, AGAIN_MS).unref();
  }

  async declare(lane: OutLane): Promise<void> {
    const connection = this.#connection;
    const declaring = this.#declaring;
    if (declaring.has(lane) || connection === null) return;
    declaring.add(lane);
    try {
      // Both within a time: a connection that dies at the wrong moment leaves an opening unanswered for ever.
      const opening = Promise.resolve(this.#channel ?? this.#open(connection));
      const channel = await within(DECLARE_MS, opening, "RabbitMQ opened no channel in time");
      const name = queueName(this.#options.prefix, lane);
      const declared = channel.assertQueue(name, optionsOf(lane));
      await within(DECLARE_MS, declared, `RabbitMQ did not declare ${name} in time`);
      if (this.#connection === connection) this.#declared.add(lane);
      this.#options.onDeclared(lane);
    } catch (error) {
      this.#channel = null;
      if (this.#connection === connection) this.#options.onRefused(lane, error);
      setTimeout(() => this.#options.onRested(), AGAIN_MS).unref();
    } finally {
      declaring.delete(lane);
    }
  }

  async #open(connection: ChannelModel): Promise<Channel> {
    const channel = await openChannel(connection.createChannel(), () => {
      if (this.#channel === channel) this.#channel = null;
    });
    if (this.#connection === connection) this.#channel = channel;
    return channel;
  }
}
