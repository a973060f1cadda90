/**
 * Claims of what runs: what takes long is shown as running and its attempt is fenced; where several processes share the store a
 * claim is a lease, renewed for all that is in hand at once. A hand that lost its claim is stopped: its work would be for nothing.
 */
import type { Message } from "../queue/queue.ts";
import type { ClaimEvent } from "../store/shared-store.ts";
import type { Applied, Store } from "../store/store.ts";
import type { TaskEvent } from "../task/decide.ts";
import type { Hand } from "./hands.ts";
import { claimAlone } from "./claim-alone.ts";
import { Recorder } from "./recorder.ts";

const CLAIM_AFTER_MS = 1000;
const TICK_MS = 250;
/** A lease is given up a little before it ends: its end is told by another clock. */
const SAFE_SHARE = 0.8;

/** @property message the try that runs: its number may be another than the one it came with. */
export type Claimed = { message: Message; event: ClaimEvent; applied: Applied; leasedUntil: number };

/** Claims as leases. Left out where nobody else could run a task. */
export type Leasing = {
  readonly leaseMs: number;
  claim(claims: readonly ClaimEvent[]): Promise<Applied[]>;
  /** @returns ids of those that are still held. */
  renew(held: readonly { id: string; attempt: number }[]): Promise<Set<string>>;
};

export type ClaimsOptions = {
  store: Pick<Store, "apply">;
  leasing: Leasing | null;
  hands: Iterable<Hand>;
  now: () => number;
  /** The task was claimed: nobody else will run this attempt. */
  onClaimed: (hand: Hand) => void;
  /** The claim was refused or the lease was lost; the hand says which. */
  onLost: (hand: Hand) => void;
  onTrouble: (error: unknown) => void;
};

export class Claims {
  readonly #options: ClaimsOptions;
  readonly #recorder: Recorder;
  readonly #timers: NodeJS.Timeout[];
  #isRenewing = false;

  constructor(options: ClaimsOptions) {
    this.#options = options;
    const { leasing, store } = options;
    const claim = leasing === null ? claimAlone(store) : leasing.claim.bind(leasing);
    const apply = (events: readonly TaskEvent[]): Promise<Applied[]> => claim(events as ClaimEvent[]);
    this.#recorder = new Recorder({ apply }, options.onTrouble);
    this.#timers = [setInterval(() => this.#look(), TICK_MS)];
    if (leasing !== null)
      this.#timers.push(setInterval(() => void this.#renew(leasing), leasing.leaseMs / 3));
    for (const timer of this.#timers) timer.unref();
  }

  /** Before it runs. Resolves when the store has answered, however long that takes. */
  claim(given: Message): Promise<Claimed> {
    const { spec } = given;
    const overtakes = this.#options.leasing !== null && mayRide(given) ? true : undefined;
    const message = overtakes ? { ...given, attempt: given.attempt + 1 } : given;
    const { attempt } = message;
    const at = this.#options.now();
    const event: ClaimEvent = { type: "claim", id: spec.id, attempt, overtakes, at, spec };
    const leasedUntil = this.#leaseFromNow();
    return new Promise((resolve) =>
      this.#recorder.record(event, (applied) => resolve({ message, event, applied, leasedUntil })),
    );
  }

  async close(graceMs: number): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    const giveUp = setTimeout(() => this.#recorder.close(), graceMs);
    await this.#recorder.settled();
    clearTimeout(giveUp);
  }

  #leaseFromNow(): number {
    return performance.now() + (this.#options.leasing?.leaseMs ?? Infinity) * SAFE_SHARE;
  }

  #look(): void {
    const { hands, now, leasing } = this.#options;
    const at = now();
    // What was begun later than now was begun before the clock was put back.
    const isLong = ({ handedAt }: Hand): boolean => handedAt <= at - CLAIM_AFTER_MS || handedAt > at;
    const instant = performance.now();
    for (const hand of hands) {
      if (hand.isClaimed) {
        if (hand.leasedUntil < instant) this.#lose(hand);
      } else if (isLong(hand) && !hand.isClaiming) this.#claimLong(hand);
      // Oldest first: of those behind it none has been claimed, unless claims come before hands.
      else if (leasing === null && !isLong(hand)) break;
    }
  }

  #claimLong(hand: Hand): void {
    hand.isClaiming = true;
    const { spec, attempt } = hand.message;
    const leasedUntil = this.#leaseFromNow();
    this.#recorder.record({ type: "claim", id: spec.id, attempt, at: hand.handedAt, spec }, (applied) => {
      hand.isClaimed = applied.verdict === "applied";
      hand.leasedUntil = leasedUntil;
      if (hand.isClaimed) return this.#options.onClaimed(hand);
      // Somebody ended it meanwhile, or it is at another attempt.
      hand.refusal = applied;
      this.#options.onLost(hand);
    });
  }

  async #renew(leasing: Leasing): Promise<void> {
    if (this.#isRenewing) return;
    const hands = [...this.#options.hands].filter((hand) => hand.isClaimed && !hand.isLost);
    if (hands.length === 0) return;
    this.#isRenewing = true;
    const leasedUntil = this.#leaseFromNow();
    try {
      const held = hands.map(({ message: { spec, attempt } }) => ({ id: spec.id, attempt }));
      const renewed = await leasing.renew(held);
      for (const hand of hands) {
        if (renewed.has(hand.message.spec.id)) hand.leasedUntil = leasedUntil;
        else this.#lose(hand);
      }
    } catch (error) {
      // Tried again; when the lease runs out meanwhile, that is seen by the clock.
      this.#options.onTrouble(error);
    } finally {
      this.#isRenewing = false;
    }
  }

  #lose(hand: Hand): void {
    if (hand.isLost) return;
    hand.isLost = true;
    this.#options.onLost(hand);
  }
}

/** Only a first publish runs unclaimed; and what was due later was never published before it was to be claimed. */
function mayRide({ spec, attempt }: Message): boolean {
  return attempt === 1 && spec.dueAt === null;
}
