/** The sending side of a connection to the broker: what is confirmed is told, and so is what may not have arrived. */
import { NO_ROOM, Outgoing, tell, tellFailed, type Done, type Item } from "../../src/queue/outgoing.ts";
import { encode } from "../../src/queue/parcel-codec.ts";
import type { Message } from "../../src/queue/queue.ts";
import { laneOf, ridesOf, type RemoteLane } from "../../src/queue/remote-lane.ts";
import type { BrokerOptions, Parcel } from "./broker.ts";
import type { Actor, VirtualTime } from "./virtual-time.ts";

const CONFIRM_MS = 10_000;
const LIMITS = { tasks: 100_000, bytes: 2 ** 26 };

/** Whose it is. */
type Means = { readonly actor: Actor; readonly options: BrokerOptions };
type Wire = {
  isUp: () => boolean;
  put: (lane: RemoteLane, parcel: Parcel) => void;
  isUnconfirmed: () => boolean;
};

export class LinkPublisher {
  readonly #time: VirtualTime;
  readonly #means: Means;
  readonly #wire: Wire;
  readonly #outgoing: Outgoing;
  readonly #underWay = new Set<readonly Item[]>();
  #isDue = false;

  constructor(time: VirtualTime, means: Means, wire: Wire) {
    const { tasksAtOnce = () => Infinity, hasOwnLane = () => false } = means.options;
    this.#time = time;
    this.#means = means;
    this.#wire = wire;
    const whereOf = ({ spec, isRide }: Message): RemoteLane => {
      const lane = laneOf(spec, hasOwnLane);
      return isRide ? ridesOf(lane) : lane;
    };
    this.#outgoing = new Outgoing({ limits: LIMITS, tasksAtOnce, whereOf });
  }

  add(messages: readonly Message[], done: Done | null = null): void {
    const at = performance.now();
    const refused = messages.filter((message) => !this.#outgoing.add(message, done, at));
    if (refused.length > 0) setImmediate(() => this.#unpublished(refused, NO_ROOM));
    this.flushSoon();
  }

  remove(id: string): boolean {
    return this.#outgoing.remove(id);
  }

  flushSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#time.after(0, this.#means.actor, () => {
      this.#isDue = false;
      this.#flush();
    });
  }

  /** None of what was sent or waits to be sent is confirmed. */
  fail(why: string): void {
    const items = [...this.#underWay].flat();
    this.#underWay.clear();
    this.#tellFailed([...items, ...this.#outgoing.cutOld(Infinity)], why);
  }

  async close(): Promise<void> {
    this.fail("the queue was closed");
  }

  #flush(): void {
    if (!this.#wire.isUp()) {
      if (this.#outgoing.size > 0)
        this.#time.after(500, this.#means.actor, () => {
          if (!this.#wire.isUp()) this.fail("it could not be sent in time");
        });
      return;
    }
    for (const lane of this.#outgoing.lanes()) {
      for (;;) {
        const parcel = this.#outgoing.cut(lane, performance.now());
        if (parcel === null) break;
        this.#send(lane, parcel.items);
      }
    }
  }

  #send(lane: RemoteLane, items: readonly Item[]): void {
    const body = encode(items.map(({ message }) => message));
    this.#underWay.add(items);
    this.#time.after(this.#time.between(0.1, 2), null, () => {
      if (!this.#wire.isUp()) return;
      this.#wire.put(lane, { body, tasks: items.length, timesLost: 0 });
      const isLost = this.#wire.isUnconfirmed();
      this.#time.after(isLost ? CONFIRM_MS : this.#time.between(0.1, 2), this.#means.actor, () => {
        if (!this.#underWay.delete(items)) return;
        if (isLost) return this.#tellFailed(items, "it was not confirmed in time");
        for (const item of items) tell(item, true);
      });
    });
  }

  #tellFailed(items: readonly Item[], why: string): void {
    if (items.length === 0) return;
    tellFailed(items, (messages) => this.#unpublished(messages, why));
    // What only rides may be waiting for its end here.
    if (items.some(({ message }) => message.isRide)) this.#means.options.observer.ridesLost();
  }

  #unpublished(messages: readonly Message[], why: string): void {
    this.#means.options.observer.unpublished(messages, why);
  }
}
