/**
 * A broker as a model: lines of parcels, given to who consumes them, given again when they are not acknowledged. It may be away, cut
 * one process off, forget all it has, give what it has twice or in another order, or confirm what it then loses. Each process has the
 * real queue before it, with its window and its parcels; only the wire and what lies behind it are the model's.
 */
import { ParcelQueue } from "../../src/queue/parcel-queue.ts";
import type { RabbitMQQueueObserver } from "../../src/queue/rabbitmq-options.ts";
import { keyOf, type RemoteLane } from "../../src/queue/remote-lane.ts";
import type { RemoteQueue, RemoteQueueOptions } from "../../src/queue/remote-queue.ts";
import { Link, type Session } from "./broker-link.ts";
import type { Actor, VirtualTime } from "./virtual-time.ts";

export type BrokerFaults = {
  /** Of each parcel: it is confirmed, and is nowhere. */
  lost: number;
  /** It arrives, and is not confirmed. */
  unconfirmed: number;
  twice: number;
  /** It overtakes others. */
  reordered: number;
};

export type BrokerOptions = RemoteQueueOptions & { observer: RabbitMQQueueObserver };

export type Parcel = { readonly body: string; readonly tasks: number; timesLost: number };
type Lane = { readonly lane: RemoteLane; parcels: Parcel[] };

export class Broker {
  readonly faults: BrokerFaults = { lost: 0, unconfirmed: 0, twice: 0, reordered: 0 };
  readonly #time: VirtualTime;
  readonly #lanes = new Map<string, Lane>();
  readonly #links = new Set<Link>();
  #awayUntil = 0;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  async open(actor: Actor, options: BrokerOptions): Promise<RemoteQueue> {
    const queue = new ParcelQueue<Session>(options, (landing) => {
      const link = new Link(this, this.#time, { actor, options, landing });
      this.#links.add(link);
      return link;
    });
    await queue.open();
    return queue;
  }

  get isAway(): boolean {
    return this.#time.now < this.#awayUntil;
  }

  goAway(ms: number): void {
    this.#awayUntil = Math.max(this.#awayUntil, this.#time.now + ms);
    for (const link of this.#links) link.cut();
  }

  comeBack(): void {
    this.#awayUntil = 0;
    for (const link of this.#links) link.heal();
  }

  /** What it had is gone; its queues are not, so nobody is told. */
  forget(): void {
    for (const lane of this.#lanes.values()) lane.parcels = [];
  }

  /** A process that is not there any more is found out by its connection. */
  gone(actor: Actor): void {
    for (const link of this.#links)
      if (link.actor === actor) {
        link.cut();
        this.#links.delete(link);
      }
  }

  cut(actor: Actor, ms: number): void {
    for (const link of this.#links) if (link.actor === actor) link.cutFor(ms);
  }

  /** In any order, those that have connections. */
  get actors(): Actor[] {
    return [...this.#links].map(({ actor }) => actor);
  }

  laneAt(lane: RemoteLane): Lane {
    const key = keyOf(lane);
    let found = this.#lanes.get(key);
    if (found === undefined) this.#lanes.set(key, (found = { lane, parcels: [] }));
    return found;
  }

  get lanes(): Iterable<Lane> {
    return this.#lanes.values();
  }

  put(lane: RemoteLane, parcel: Parcel): void {
    const { parcels } = this.laneAt(lane);
    const { chance } = this.#time;
    if (chance() < this.faults.lost) return;
    if (chance() < this.faults.reordered) parcels.unshift(parcel);
    else parcels.push(parcel);
    if (chance() < this.faults.twice) parcels.push({ ...parcel });
    this.giveSoon();
  }

  giveBack(lane: RemoteLane, parcel: Parcel): void {
    this.laneAt(lane).parcels.unshift({ ...parcel, timesLost: parcel.timesLost + 1 });
    this.giveSoon();
  }

  giveSoon(): void {
    this.#time.after(0.1, null, () => this.#give());
  }

  /** Round and round, so that no process gets it all. */
  #give(): void {
    const links = [...this.#links];
    for (const lane of this.#lanes.values()) {
      while (lane.parcels.length > 0) {
        const takers = links.filter((link) => link.hasRoom(lane.lane));
        if (takers.length === 0) break;
        this.#time.pick(takers).give(lane.lane, lane.parcels.shift()!);
      }
    }
  }
}
