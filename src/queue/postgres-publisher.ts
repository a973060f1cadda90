/**
 * Puts parcels into the table: one statement at a time with all that has come meanwhile. What it refuses, or does not confirm in time,
 * is told once, as unpublished: it may have arrived nonetheless.
 */
import { takesNothing } from "../postgres/errors.ts";
import type { PostgresLink } from "../postgres/link.ts";
import { NO_ROOM, Outgoing, tell, tellFailed, type Done, type Item, type Parcel } from "./outgoing.ts";
import { encode } from "./parcel-codec.ts";
import { toNotice } from "./postgres-notice.ts";
import { publishParcels, type SentParcel } from "./postgres-parcels.ts";
import type { Message } from "./queue.ts";
import { laneOf, type RemoteLane } from "./remote-lane.ts";

const MOST_PARCELS = 64;
/** A flood of one queue must not hold up the others. */
const MOST_OF_LANE = 32;
const LOOK_MS = 250;
/** Who takes nothing is asked again after that. */
const REST_MS = 1000;

export type PostgresPublisherOptions = {
  link: PostgresLink;
  /** Whom it tells where something is. */
  channel: string;
  tasksAtOnce: (action: string) => number;
  hasOwnLane: (action: string) => boolean;
  limits: { tasks: number; bytes: number };
  /** From `publish` to the confirm, at most. */
  confirmMs: number;
  onPublished: (lanes: readonly RemoteLane[]) => void;
  onUnpublished: (messages: readonly Message[], why: string) => void;
  /** Why it takes nothing for now; null when it may again. */
  onBlocked: (reason: string | null) => void;
  onError: (error: unknown) => void;
};

export class PostgresPublisher {
  readonly #options: PostgresPublisherOptions;
  readonly #outgoing: Outgoing;
  readonly #look: NodeJS.Timeout;
  #underWay: readonly Parcel[] = [];
  #rest: NodeJS.Timeout | null = null;
  #isFlushDue = false;
  #isClosed = false;

  constructor(options: PostgresPublisherOptions) {
    this.#options = options;
    const { hasOwnLane } = options;
    this.#outgoing = new Outgoing({ ...options, whereOf: ({ spec }) => laneOf(spec, hasOwnLane) });
    this.#look = setInterval(() => this.#expire(), LOOK_MS);
    this.#look.unref();
  }

  add(messages: readonly Message[], done: Done | null = null): void {
    const at = performance.now();
    const refused = messages.filter((message) => !this.#outgoing.add(message, done, at));
    if (refused.length > 0) {
      const items = refused.map((message) => ({ message, done, also: null }));
      // Later: the caller is not to meet its own callback within its call.
      setImmediate(() => this.#fail(items, NO_ROOM));
    }
    this.flushSoon();
  }

  remove(id: string): boolean {
    return this.#outgoing.remove(id);
  }

  async close(graceMs: number): Promise<void> {
    const until = performance.now() + (this.#options.link.isUp ? graceMs : 0);
    const isIdle = (): boolean => this.#outgoing.size === 0 && this.#underWay.length === 0;
    while (!isIdle() && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 5));
    this.#isClosed = true;
    clearInterval(this.#look);
    if (this.#rest !== null) clearTimeout(this.#rest);
    const why = "the queue was closed";
    this.#fail(this.#outgoing.cutOld(Infinity), why);
    this.#failUnderWay(why);
  }

  /** After this turn's input: what came together travels together. */
  flushSoon(): void {
    if (this.#isFlushDue || this.#isClosed) return;
    this.#isFlushDue = true;
    setImmediate(() => {
      this.#isFlushDue = false;
      if (!this.#isClosed && this.#options.link.isUp && this.#rest === null && this.#underWay.length === 0)
        void this.#flush();
    });
  }

  async #flush(): Promise<void> {
    const parcels = this.#cut();
    if (parcels.length === 0) return;
    const { link, channel } = this.#options;
    this.#underWay = parcels;
    try {
      const lanes = [...new Set(parcels.map(({ lane }) => lane))];
      await publishParcels(link, parcels.map(toSent), channel, toNotice(lanes));
      if (this.#underWay !== parcels) return;
      this.#underWay = [];
      this.#options.onBlocked(null);
      this.#options.onPublished(lanes);
      for (const { items } of parcels) for (const item of items) tell(item, true);
    } catch (error) {
      if (takesNothing(error)) this.#restFrom(error as Error);
      else if (link.isUp) this.#options.onError(error);
      if (this.#underWay === parcels) this.#failUnderWay((error as Error).message);
    }
    this.flushSoon();
  }

  #cut(): Parcel[] {
    const parcels: Parcel[] = [];
    for (const lane of this.#outgoing.lanes()) {
      for (let n = 0; n < MOST_OF_LANE && parcels.length < MOST_PARCELS; n++) {
        const parcel = this.#outgoing.cut(lane, performance.now());
        if (parcel === null) break;
        parcels.push(parcel);
      }
    }
    return parcels;
  }

  #restFrom({ message }: Error): void {
    this.#options.onBlocked(message);
    this.#rest = setTimeout(() => {
      this.#rest = null;
      // What waits shows whether it takes something again.
      if (this.#outgoing.size === 0) this.#options.onBlocked(null);
      this.flushSoon();
    }, REST_MS);
    this.#rest.unref();
  }

  #expire(): void {
    const before = performance.now() - this.#options.confirmMs;
    if (this.#underWay.some(({ items }) => items[0]!.at < before)) {
      this.#failUnderWay("it was not confirmed in time");
      this.#options.link.drop("PostgreSQL did not confirm what was published in time");
    }
    const why = this.#rest === null ? "it could not be sent in time" : "the server takes nothing for now";
    this.#fail(this.#outgoing.cutOld(before), why);
  }

  #failUnderWay(why: string): void {
    const items = this.#underWay.flatMap((parcel) => parcel.items);
    this.#underWay = [];
    this.#fail(items, why);
  }

  #fail(items: readonly Pick<Item, "message" | "done" | "also">[], why: string): void {
    tellFailed(items, (messages) => this.#options.onUnpublished(messages, why));
  }
}

function toSent({ lane, items, fullness }: Parcel): SentParcel {
  const messages = items.map(({ message }) => message);
  let oldestAt = Infinity;
  for (const { spec } of messages) oldestAt = Math.min(oldestAt, spec.dueAt ?? spec.createdAt);
  return { lane, tasks: items.length, fullness, oldestAt, body: encode(messages) };
}
