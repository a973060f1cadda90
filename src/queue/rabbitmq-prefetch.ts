/**
 * How many messages of one queue of the broker may be here unsettled. The broker counts messages, whatever is in them: of parcels that
 * are nearly empty, as come one by one to workers that are behind, a fixed number would be very few tasks, and each would wait for
 * the way there and back of those before. So the number follows how full they are, in large steps, since the broker lets it change
 * only by consuming anew.
 */
import type { ConsumeMessage } from "../rabbitmq/link.ts";

/** A header of each message: how full its parcel is, above 0 and up to 1. */
export const FULLNESS = "tanda-fullness";
/** What one more message says about the others. */
const WEIGHT = 0.1;
const STEP = 4;
const MOST_TIMES = 16;

export class Prefetch {
  readonly #ofFull: number;
  /** As good as full until others were seen. */
  #fullness = 1;
  #times = 1;

  /** @param ofFull messages with full parcels. */
  constructor(ofFull: number) {
    this.#ofFull = ofFull;
  }

  get messages(): number {
    return this.#ofFull * this.#times;
  }

  /** @returns whether {@link messages} changed. */
  learn({ properties }: ConsumeMessage): boolean {
    const told: unknown = properties.headers?.[FULLNESS];
    const fullness = typeof told === "number" && told > 0 && told <= 1 ? told : 1;
    this.#fullness += (fullness - this.#fullness) * WEIGHT;
    const before = this.#times;
    const wanted = 1 / this.#fullness;
    // Down later than up: what lies between two steps would change it again and again.
    if (wanted >= this.#times * STEP && this.#times < MOST_TIMES) this.#times *= STEP;
    else if (wanted < this.#times / 2 && this.#times > 1) this.#times /= STEP;
    return this.#times !== before;
  }
}
