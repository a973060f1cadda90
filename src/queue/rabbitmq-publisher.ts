/**
 * Sends parcels of tasks with mandatory and confirms. What comes back, is refused, or stays unconfirmed for too long is told once, as
 * unpublished: it may have arrived nonetheless.
 */
import { openChannel, type ChannelModel, type ConfirmChannel } from "../rabbitmq/link.ts";
import {
  NO_ROOM,
  Outgoing,
  tell,
  tellFailed,
  type Done,
  type Item,
  type OutLane,
  type Parcel,
} from "./outgoing.ts";
import { encode } from "./parcel-codec.ts";
import type { Message } from "./queue.ts";
import { Declarer } from "./rabbitmq-declarer.ts";
import { FULLNESS } from "./rabbitmq-prefetch.ts";
import { queueName } from "./rabbitmq-topology.ts";
import {
  isForRides,
  isSameLane,
  keyOf,
  laneOf,
  ridesOf,
  withoutRides,
  type RemoteLane,
} from "./remote-lane.ts";

const MOST_UNDER_WAY = 64;
/** A queue that confirms nothing must not hold up the others. */
const MOST_OF_LANE = 8;
const LOOK_MS = 250;
/** While the broker is away, or takes nothing, waiting for it longer only keeps tasks from those who go another way. */
const AWAY_MS = 500;
const RENEW_MS = 1000;
/** What rides goes with all others for so long when its own queue is not there: the node of the broker that had it may be away. */
const DETOUR_MS = 30_000;

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
  /** What was sent before, and rides, may be lost. */
  onRidesLost: () => void;
  onError: (error: unknown) => void;
};

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #outgoing: Outgoing;
  readonly #underWay = new Map<number, Parcel>();
  readonly #returned = new Set<number>();
  readonly #declarer: Declarer;
  /** Until when, by lane. */
  readonly #detours = new Map<string, number>();
  readonly #look: NodeJS.Timeout;
  #connection: ChannelModel | null = null;
  #channel: ConfirmChannel | null = null;
  #renewing: ConfirmChannel | null = null;
  #isBlocked = false;
  #isFlushDue = false;
  #number = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#outgoing = new Outgoing({ ...options, whereOf: (message) => this.#whereOf(message) });
    this.#declarer = new Declarer({
      prefix: options.prefix,
      onDeclared: (lane) => {
        options.onDeclared(lane);
        this.#flushSoon();
      },
      onRefused: (lane, error) => {
        options.onError(error);
        this.#detour(lane);
      },
      onRested: () => this.#flushSoon(),
    });
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
      setImmediate(() => this.#tellUnpublished(refused, done, NO_ROOM));
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
    this.#declarer.up(connection);
    this.#detours.clear();
    this.#channel = channel;
    this.#flushSoon();
  }

  down(why: string): void {
    this.#connection = null;
    this.#channel = null;
    this.#isBlocked = false;
    this.#declarer.down();
    this.#loseAll(why);
  }

  block(isBlocked: boolean): void {
    this.#isBlocked = isBlocked;
    if (!isBlocked) this.#flushSoon();
  }

  /** It may be gone: it is declared before anything else is sent to it. */
  doubt(doubted: RemoteLane): void {
    for (const lane of this.#outgoing.lanes()) if (isSameLane(lane, doubted)) this.#declarer.doubt(lane);
    if (isForRides(doubted)) this.#options.onRidesLost();
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
      if (!this.#declarer.isDeclared(lane)) {
        void this.#declarer.declare(lane);
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
    const { lane, items, fullness } = parcel;
    this.#underWay.set(number, parcel);
    lane.underWay++;
    const options = {
      mandatory: true,
      persistent: !isForRides(lane),
      messageId: String(number),
      headers: { [FULLNESS]: fullness },
    };
    try {
      const body = Buffer.from(encode(items.map(({ message }) => message)));
      channel.publish("", queueName(this.#options.prefix, lane), body, options, (error: unknown) => {
        const wasReturned = this.#returned.delete(number);
        if (wasReturned) this.#declarer.declareLater(lane);
        if (!this.#end(number)) return;
        // What the broker had no queue for is returned, and confirmed all the same.
        if (wasReturned && isForRides(lane)) {
          this.#detour(lane);
          this.#sendAgain(items);
        } else if (wasReturned) this.#fail(items, "the broker had no queue for it");
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

  #whereOf({ spec, isRide }: Message): RemoteLane {
    const lane = laneOf(spec, this.#options.hasOwnLane);
    if (!isRide) return lane;
    const rides = ridesOf(lane);
    const until = this.#detours.get(keyOf(rides));
    return until === undefined || until < performance.now() ? rides : lane;
  }

  /** A queue that is kept lies on several nodes of the broker; this one on a single node. */
  #detour(lane: OutLane): void {
    if (!isForRides(lane)) return;
    this.#detours.set(keyOf(lane), performance.now() + DETOUR_MS);
    this.#outgoing.move(lane, withoutRides(lane));
    this.#options.onRidesLost();
    this.#flushSoon();
  }

  /** They were not taken for certain. */
  #sendAgain(items: readonly Item[]): void {
    for (const { message, done, also, at } of items)
      for (const told of [done, ...(also ?? [])])
        if (!this.#outgoing.add(message, told, at)) this.#tellUnpublished([message], told, NO_ROOM);
  }

  #expire(): void {
    const now = performance.now();
    const before = now - this.#options.confirmMs;
    for (const [number, { at, items, lane }] of this.#underWay) {
      if (at >= before) break;
      this.#declarer.doubt(lane);
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
    tellFailed(items, (messages) => this.#options.onUnpublished(messages, why));
  }

  #tellUnpublished(messages: readonly Message[], done: Done | null, why: string): void {
    this.#fail(
      messages.map((message) => ({ message, done, also: null })),
      why,
    );
  }
}
