/** Where there may be something for this process, and how much of each queue and priority it has already. */
import type { Wish } from "./postgres-parcels.ts";
import { keyOf, queueOf, type RemoteLane } from "./remote-lane.ts";

/** Names come from outside; what is not noted here is found by a later look. */
const MOST_LANES = 4000;
const WISHES_AT_ONCE = 100;
const PARCELS_AT_ONCE = 64;

export class Lane implements RemoteLane {
  readonly name: string;
  readonly priority: number;
  mayHave = true;
  /** Parcels that are here unsettled, and how much they are in full ones. */
  parcels = 0;
  fullness = 0;
  /** Of a parcel of this lane; as good as full until some were seen. */
  fullnessEach = 1;

  constructor({ name, priority }: RemoteLane) {
    this.name = name;
    this.priority = priority;
  }

  /** Grows at once, shrinks slowly: too few are asked for again soon, too many others lack. */
  learn(fullnessEach: number): void {
    const step = fullnessEach > this.fullnessEach ? 1 : 0.5;
    this.fullnessEach += (fullnessEach - this.fullnessEach) * step;
  }
}

export class Lanes {
  readonly #lanes = new Map<string, Lane>();
  /** Full parcels of one lane that may be here. Of small ones as many more. */
  readonly #prefetch: number;

  constructor(prefetch: number) {
    this.#prefetch = prefetch;
  }

  hint(where: RemoteLane): void {
    const lane = this.of(where);
    if (lane) lane.mayHave = true;
  }

  /** @returns null when there are too many. */
  of(where: RemoteLane): Lane | null {
    const key = keyOf(where);
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      if (this.#lanes.size >= MOST_LANES) return null;
      this.#lanes.set(key, (lane = new Lane(where)));
    }
    return lane;
  }

  /**
   * Those that may have something that there is room for. Those that are of no interest are forgotten. Who is asked for is the last to
   * be asked for again, lest many that always have something keep out others.
   */
  wishes(isWanted: (queue: string) => boolean): (Wish & { lane: Lane })[] {
    const wishes: (Wish & { lane: Lane })[] = [];
    for (const [key, lane] of this.#lanes) {
      if (!lane.mayHave || !isWanted(queueOf(lane))) {
        if (lane.parcels === 0) this.#lanes.delete(key);
        continue;
      }
      const room = this.#room(lane);
      if (room > 0) wishes.push({ lane, room });
      if (wishes.length >= WISHES_AT_ONCE) break;
    }
    for (const { lane } of wishes) {
      this.#lanes.delete(keyOf(lane));
      this.#lanes.set(keyOf(lane), lane);
    }
    return wishes;
  }

  #room({ fullness, fullnessEach }: Lane): number {
    // A hair more than nothing is what subtracting what was added may leave.
    const free = this.#prefetch - fullness;
    return free <= 0.000_1 ? 0 : Math.min(PARCELS_AT_ONCE, Math.max(1, Math.floor(free / fullnessEach)));
  }
}
