/**
 * Deliveries of the broker. What cannot be read is told and never guessed at: a version that is unknown goes back after a while, for a
 * consumer that knows it; what nobody can read is thrown away, and its rows are published again.
 */
import type { Channel, ConsumeMessage } from "../rabbitmq/link.ts";
import type { Intake } from "./intake.ts";
import { UnknownVersion } from "./parcel-codec.ts";
import type { UnreadableParcel } from "./remote-queue.ts";

/** Not at once, or it would come again at once. */
const GIVE_BACK_MS = 5000;

export class RabbitMQIntake {
  readonly #intake: Intake<Channel>;
  readonly #onUnreadable: (what: UnreadableParcel) => void;

  constructor(intake: Intake<Channel>, onUnreadable: (what: UnreadableParcel) => void) {
    this.#intake = intake;
    this.#onUnreadable = onUnreadable;
  }

  /** @returns how many tasks it carried. */
  receive(queue: string, channel: Channel, raw: ConsumeMessage): number {
    try {
      return this.#intake.receive({
        source: channel,
        body: raw.content.toString("utf8"),
        timesLost: timesLost(raw),
        acknowledge: () => acknowledge(channel, raw),
      });
    } catch (error) {
      const isUnknownVersion = error instanceof UnknownVersion;
      const why = (error as Error).message;
      this.#onUnreadable({ queue, bytes: raw.content.length, isUnknownVersion, why });
      if (isUnknownVersion) setTimeout(() => reject(channel, raw, true), GIVE_BACK_MS).unref();
      else reject(channel, raw, false);
      return 0;
    }
  }
}

function timesLost({ fields, properties }: ConsumeMessage): number {
  return fields.redelivered ? Number(properties.headers?.["x-delivery-count"] ?? 1) : 0;
}

function acknowledge(channel: Channel, raw: ConsumeMessage): void {
  try {
    channel.ack(raw);
  } catch {
    // The channel closed meanwhile: it comes again, and the row says that it is done.
  }
}

function reject(channel: Channel, raw: ConsumeMessage, isToComeAgain: boolean): void {
  try {
    channel.reject(raw, isToComeAgain);
  } catch {
    // Its channel is gone: it comes again by itself.
  }
}
