/**
 * Deliveries of the broker become what waits in the window. What cannot be read is told and never guessed at: a version that is unknown
 * goes back after a while, for a consumer that knows it; what nobody can read is thrown away, and its rows are published again.
 */
import type { Channel, ConsumeMessage } from "../rabbitmq/link.ts";
import type { Message } from "./queue.ts";
import { decode, UnknownVersion } from "./rabbitmq-codec.ts";
import type { Deliveries } from "./rabbitmq-deliveries.ts";
import type { Window } from "./window.ts";

/** Not at once, or it would come again at once. */
const GIVE_BACK_MS = 5000;
/** Lost connections seldom strike a task twice; one that ends its worker does it every time. */
const SUSPECT_FROM = 2;

export type UnreadableDelivery = { queue: string; bytes: number; isUnknownVersion: boolean; why: string };

export class Intake {
  readonly #window: Window;
  readonly #deliveries: Deliveries;
  readonly #onUnreadable: (what: UnreadableDelivery) => void;

  constructor(window: Window, deliveries: Deliveries, onUnreadable: (what: UnreadableDelivery) => void) {
    this.#window = window;
    this.#deliveries = deliveries;
    this.#onUnreadable = onUnreadable;
  }

  /** @returns how many tasks it carried. */
  receive(queue: string, channel: Channel, raw: ConsumeMessage): number {
    let messages: Message[];
    try {
      messages = decode(raw.content);
    } catch (error) {
      const isUnknownVersion = error instanceof UnknownVersion;
      const why = (error as Error).message;
      this.#onUnreadable({ queue, bytes: raw.content.length, isUnknownVersion, why });
      if (isUnknownVersion) setTimeout(() => reject(channel, raw, true), GIVE_BACK_MS).unref();
      else reject(channel, raw, false);
      return 0;
    }
    const ids: string[] = [];
    for (const message of messages) {
      const { id } = message.spec;
      if (!this.#window.has(id)) this.#window.add(asDelivered(message, raw));
      // Here twice: the first delivery answers for it, unless that one went with its channel.
      else if (this.#deliveries.has(id)) continue;
      ids.push(id);
    }
    this.#deliveries.add(channel, raw, [...new Set(ids)]);
    this.#window.announce();
    return messages.length;
  }

  /** What waits comes again from the broker. What is taken stays with its taker; its repeat will find it here. */
  lose(channel: Channel): void {
    for (const id of this.#deliveries.lose(channel)) if (this.#window.isWaiting(id)) this.#window.settle(id);
  }
}

/** Whoever had it before may have begun it. */
function asDelivered(message: Message, { fields, properties }: ConsumeMessage): Message {
  if (!fields.redelivered) return message;
  const times = Number(properties.headers?.["x-delivery-count"] ?? 1);
  const isSuspect = message.isSuspect || times >= SUSPECT_FROM;
  return { ...message, isRide: false, isRepeat: true, isSuspect };
}

function reject(channel: Channel, raw: ConsumeMessage, isToComeAgain: boolean): void {
  try {
    channel.reject(raw, isToComeAgain);
  } catch {
    // Its channel is gone: it comes again by itself.
  }
}
