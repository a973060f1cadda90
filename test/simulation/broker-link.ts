/** What a process has of the broker: connections, one after another, over which parcels come and are acknowledged. */
import type { Landing, Transport, Waiting } from "../../src/queue/parcel-queue.ts";
import { keyOf, queueOf, type RemoteLane } from "../../src/queue/remote-lane.ts";
import type { Broker, BrokerOptions, Parcel } from "./broker.ts";
import { LinkPublisher } from "./broker-publisher.ts";
import type { Actor, VirtualTime } from "./virtual-time.ts";

const PREFETCH = 4;

/** One connection of a process to the broker, from its beginning to its end. */
export class Session {
  isOver = false;
  readonly unsettled = new Map<number, { lane: RemoteLane; parcel: Parcel }>();
}

type Means = { actor: Actor; options: BrokerOptions; landing: Landing<Session> };

export class Link implements Transport {
  readonly publisher: LinkPublisher;
  readonly actor: Actor;
  readonly #broker: Broker;
  readonly #time: VirtualTime;
  readonly #means: Means;
  #session: Session | null = null;
  #cutUntil = 0;
  #number = 0;
  #isClosed = false;

  constructor(broker: Broker, time: VirtualTime, means: Means) {
    this.#broker = broker;
    this.#time = time;
    this.#means = means;
    this.actor = means.actor;
    this.publisher = new LinkPublisher(time, means, {
      isUp: () => this.#session !== null,
      put: (lane, parcel) => broker.put(lane, parcel),
      isUnconfirmed: () => time.chance() < broker.faults.unconfirmed,
    });
  }

  get isPublishing(): boolean {
    return this.#session !== null;
  }

  get isConsuming(): boolean {
    return this.#session !== null;
  }

  async open(): Promise<void> {
    this.#connect();
  }

  serve(): void {}

  want(): void {
    this.#broker.giveSoon();
  }

  async stop(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }

  waiting(): Map<string, Waiting> {
    const waiting = new Map<string, Waiting>();
    for (const { lane, parcels } of this.#broker.lanes) {
      const tasks = parcels.reduce((sum, parcel) => sum + parcel.tasks, 0);
      const before = waiting.get(queueOf(lane))?.tasks ?? 0;
      waiting.set(queueOf(lane), { tasks: before + tasks, bytes: null, oldestAt: null });
    }
    return waiting;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#end();
  }

  hasRoom(lane: RemoteLane): boolean {
    const session = this.#session;
    const { actor, options, landing } = this.#means;
    if (session === null || actor.isDead || options.consumes === false) return false;
    if (!landing.isWanted(queueOf(lane))) return false;
    let here = 0;
    for (const one of session.unsettled.values()) if (keyOf(one.lane) === keyOf(lane)) here++;
    return here < PREFETCH;
  }

  give(lane: RemoteLane, parcel: Parcel): void {
    const session = this.#session!;
    const number = ++this.#number;
    session.unsettled.set(number, { lane, parcel });
    this.#time.after(this.#time.between(0.1, 2), this.actor, () => {
      // What was under way when the connection broke does not arrive.
      if (session.isOver) return;
      const { body, timesLost } = parcel;
      const acknowledge = (): void =>
        this.#time.after(this.#time.between(0.1, 2), null, () => {
          if (session.isOver) return;
          session.unsettled.delete(number);
          this.#broker.giveSoon();
        });
      this.#means.landing.intake.receive({ source: session, body, timesLost, acknowledge });
      this.#means.landing.announce();
    });
  }

  /** Both sides find out, each in its time. */
  cut(): void {
    const session = this.#session;
    if (session === null) return;
    this.#session = null;
    session.isOver = true;
    for (const { lane, parcel } of session.unsettled.values()) this.#broker.giveBack(lane, parcel);
    this.#time.after(this.#time.between(0, 500), this.actor, () => {
      const { landing, options } = this.#means;
      landing.intake.lose(session);
      this.publisher.fail("the connection was lost");
      options.observer.ridesLost();
      options.observer.trouble(new Error("The broker is away."));
      this.#reconnectSoon();
    });
  }

  cutFor(ms: number): void {
    this.#cutUntil = this.#time.now + ms;
    this.cut();
  }

  heal(): void {
    this.#cutUntil = 0;
  }

  #connect(): void {
    if (this.#isClosed || this.#session !== null) return;
    if (this.#broker.isAway || this.#time.now < this.#cutUntil) return this.#reconnectSoon();
    this.#session = new Session();
    this.publisher.flushSoon();
    this.#broker.giveSoon();
  }

  #reconnectSoon(): void {
    this.#time.after(this.#time.between(200, 1000), this.actor, () => this.#connect());
  }

  #end(): void {
    const session = this.#session;
    this.#session = null;
    if (session === null) return;
    session.isOver = true;
    for (const { lane, parcel } of session.unsettled.values()) this.#broker.giveBack(lane, parcel);
  }
}
