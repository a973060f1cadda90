/**
 * Sends parcels of tasks with mandatory and confirms. What comes back, is refused, or stays unconfirmed for too long is told once, as
 * unpublished: it may have arrived nonetheless.
 */
import {
  openChannel,
  within,
  type Channel,
  type ChannelModel,
  type ConfirmChannel,
} from "../rabbitmq/link.ts";
import { Outgoing, tell, type Done, type Item, type OutLane, type Parcel } from "./outgoing.ts";
import { encode } from "./parcel-codec.ts";
import type { Message } from "./queue.ts";
import { QUEUE_OPTIONS, queueName } from "./rabbitmq-topology.ts";
import { isSameLane, type RemoteLane } from "./remote-lane.ts";

const MOST_UNDER_WAY = 64;
/** A queue that confirms nothing must not hold up the others. */
const MOST_OF_LANE = 8;
const LOOK_MS = 250;
/** While the broker is away, or takes nothing, waiting for it longer only keeps tasks from those who go another way. */
const AWAY_MS = 500;
const DECLARE_MS = 5000;
const DECLARE_AGAIN_MS = 1000;
const RENEW_MS = 1000;

export type PublisherOptions = {
  prefix: string;
  tasksAtOnce: (action: string) => number;
  hasOwnLane: (action: string) => boolean;
  limits: { tasks: number; bytes: number };
  /** From `publish` to the confirm, at most. */
  confirmMs: number;
  onDeclared: (lane: RemoteLane) => void;
  /** Sent and confirmed: so many tasks in one message. */
  onConfirmed: (lane: RemoteLane, tasks: number) => void;
  onUnpublished: (messages: readonly Message[], why: string) => void;
  onError: (error: unknown) => void;
};

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #outgoing: Outgoing;
  readonly #underWay = new Map<number, Parcel>();
  readonly #returned = new Set<number>();
  /** Weak: lanes are forgotten by whoever made them. */
  #declared = new WeakSet<OutLane>();
  #declaring = new WeakSet<OutLane>();
  readonly #look: NodeJS.Timeout;
  #connection: ChannelModel | null = null;
  #channel: ConfirmChannel | null = null;
  #declares: Channel | null = null;
  #renewing: ConfirmChannel | null = null;
  #isBlocked = false;
  #isFlushDue = false;
  #number = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#outgoing = new Outgoing(options);
    this.#look = setInterval(() => this.#expire(), LOOK_MS);
    this.#look.unref();
  }

  get isIdle(): boolean {
    return this.#outgoing.size === 0 && this.#underWay.size === 0;
  }

  add(messages: readonly Message[], done: Done | null = null): void {
    const at = performance.now();
    const refused = messages.filter((message) => !this.#outgoing.add(message, done, at));
    if (refused.length > 0) {
      // Later: the caller is not to meet its own callback within its call.
      setImmediate(() => this.#tellUnpublished(refused, done, "more waits to be published than may"));
    }
    this.#flushSoon();
  }

  remove(id: string): boolean {
    return this.#outgoing.remove(id);
  }

  async up(connection: ChannelModel): Promise<void> {
    this.#connection = connection;
    this.#isBlocked = false;
    const channel = await openChannel(connection.createConfirmChannel(), (error) => {
      if (this.#channel !== channel) return;
      this.#channel = null;
      this.#loseAll(error?.message ?? "the channel was closed");
      // The connection lives: only this channel did something wrong.
      if (this.#connection === connection)
        void this.up(connection).catch((again: unknown) => this.#options.onError(again));
    });
    channel.on("return", ({ properties }) => this.#returned.add(Number(properties.messageId)));
    this.#declared = new WeakSet();
    this.#channel = channel;
    this.#flushSoon();
  }

  down(why: string): void {
    this.#connection = null;
    this.#channel = null;
    this.#declares = null;
    this.#isBlocked = false;
    this.#declared = new WeakSet();
    // What was asked on this connection may stay unanswered; on the next one it is asked anew.
    this.#declaring = new WeakSet();
    this.#loseAll(why);
  }

  block(isBlocked: boolean): void {
    this.#isBlocked = isBlocked;
    if (!isBlocked) this.#flushSoon();
  }

  /** It may be gone: it is declared before anything else is sent to it. */
  doubt(doubted: RemoteLane): void {
    for (const lane of this.#outgoing.lanes()) if (isSameLane(lane, doubted)) this.#declared.delete(lane);
  }

  /** What is here goes out, or is told as unpublished. */
  async close(graceMs: number): Promise<void> {
    const until = performance.now() + (this.#channel === null ? 0 : graceMs);
    while (!this.isIdle && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 5));
    clearInterval(this.#look);
    this.#fail(this.#outgoing.cutOld(Infinity), "the queue was closed");
    this.#loseAll("the queue was closed");
    this.#connection = null;
    this.#channel = null;
  }

  /** After this turn's input: what came together travels together. */
  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(() => {
      this.#isFlushDue = false;
      this.#flush();
    });
  }

  #flush(): void {
    const channel = this.#channel;
    if (channel === null || this.#isBlocked) return;
    for (const lane of this.#outgoing.lanes()) {
      if (lane.head() === undefined) continue;
      if (!this.#declared.has(lane)) {
        void this.#declare(lane);
        continue;
      }
      while (lane.underWay < MOST_OF_LANE && this.#underWay.size < MOST_UNDER_WAY) {
        const parcel = this.#outgoing.cut(lane, performance.now());
        if (parcel === null) break;
        this.#send(channel, parcel);
      }
    }
  }

  #send(channel: ConfirmChannel, parcel: Parcel): void {
    const number = this.#number++;
    const { lane, items } = parcel;
    this.#underWay.set(number, parcel);
    lane.underWay++;
    const options = { mandatory: true, persistent: true, messageId: String(number) };
    try {
      const body = Buffer.from(encode(items.map(({ message }) => message)));
      channel.publish("", queueName(this.#options.prefix, lane), body, options, (error: unknown) => {
        const wasReturned = this.#returned.delete(number);
        if (wasReturned) this.#declareLater(lane);
        if (!this.#end(number)) return;
        // What the broker had no queue for is returned, and confirmed all the same.
        if (wasReturned) this.#fail(items, "the broker had no queue for it");
        else if (error) {
          this.#fail(items, "the broker refused it");
          this.#renewSoon(channel);
        } else {
          this.#options.onConfirmed(lane, items.length);
          for (const item of items) tell(item, true);
        }
        this.#flushSoon();
      });
    } catch (error) {
      // The channel closed in this very turn.
      if (this.#end(number)) this.#fail(items, (error as Error).message);
    }
  }

  /** A channel that was opened while its queue had no leader goes on refusing when it has one again: another will not. */
  #renewSoon(channel: ConfirmChannel): void {
    if (this.#renewing === channel) return;
    this.#renewing = channel;
    setTimeout(() => {
      if (this.#channel === channel) channel.close().catch((error: unknown) => this.#options.onError(error));
    }, RENEW_MS).unref();
  }

  /** @returns false when its end was told already. */
  #end(number: number): boolean {
    const parcel = this.#underWay.get(number);
    if (parcel === undefined) return false;
    this.#underWay.delete(number);
    parcel.lane.underWay--;
    return true;
  }

  /** It was deleted. Made anew before the broker has told its consumers, it would have consumers that hear nothing. */
  #declareLater(lane: OutLane): void {
    const declaring = this.#declaring;
    this.#declared.delete(lane);
    if (declaring.has(lane)) return;
    declaring.add(lane);
    setTimeout(() => {
      declaring.delete(lane);
      this.#flushSoon();
    }, DECLARE_AGAIN_MS).unref();
  }

  async #declare(lane: OutLane): Promise<void> {
    const connection = this.#connection;
    const declaring = this.#declaring;
    if (declaring.has(lane) || connection === null) return;
    declaring.add(lane);
    try {
      // Both within a time: a connection that dies at the wrong moment leaves an opening unanswered for ever.
      const opening = this.#declares ?? this.#openDeclares(connection);
      const channel = await within(
        DECLARE_MS,
        Promise.resolve(opening),
        "RabbitMQ opened no channel in time",
      );
      const name = queueName(this.#options.prefix, lane);
      const declared = channel.assertQueue(name, QUEUE_OPTIONS);
      await within(DECLARE_MS, declared, `RabbitMQ did not declare ${name} in time`);
      if (this.#connection === connection) this.#declared.add(lane);
      this.#options.onDeclared(lane);
      this.#flushSoon();
    } catch (error) {
      this.#declares = null;
      if (this.#connection === connection) this.#options.onError(error);
      setTimeout(() => this.#flushSoon(), DECLARE_AGAIN_MS).unref();
    } finally {
      declaring.delete(lane);
    }
  }

  async #openDeclares(connection: ChannelModel): Promise<Channel> {
    const channel = await openChannel(connection.createChannel(), () => {
      if (this.#declares === channel) this.#declares = null;
    });
    if (this.#connection === connection) this.#declares = channel;
    return channel;
  }

  #expire(): void {
    const now = performance.now();
    const before = now - this.#options.confirmMs;
    for (const [number, { at, items, lane }] of this.#underWay) {
      if (at >= before) break;
      this.#declared.delete(lane);
      if (this.#end(number)) this.#fail(items, "it was not confirmed in time");
    }
    const isAway = this.#channel === null || this.#isBlocked;
    const why = this.#isBlocked ? "the broker takes nothing for now" : "it could not be sent in time";
    this.#fail(this.#outgoing.cutOld(isAway ? Math.max(before, now - AWAY_MS) : before), why);
    this.#flushSoon();
  }

  #loseAll(why: string): void {
    const lost = [...this.#underWay.keys()];
    this.#returned.clear();
    const items = lost.flatMap((number) => {
      const parcel = this.#underWay.get(number)!;
      return this.#end(number) ? parcel.items : [];
    });
    this.#fail(items, why);
  }

  #fail(items: readonly Pick<Item, "message" | "done" | "also">[], why: string): void {
    for (const item of items) tell(item, false);
    const own = items.filter(({ done }) => done === null);
    if (own.length > 0)
      this.#options.onUnpublished(
        own.map(({ message }) => message),
        why,
      );
  }

  #tellUnpublished(messages: readonly Message[], done: Done | null, why: string): void {
    this.#fail(
      messages.map((message) => ({ message, done, also: null })),
      why,
    );
  }
}
