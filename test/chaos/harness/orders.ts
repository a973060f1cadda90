/** All that customers sent: how each is asked for is drawn from its number and the seed; what came of it is kept in a few bytes. */
import { Column } from "./column.ts";
import { Dice } from "./dice.ts";
import type { Payload } from "./work.ts";

/**
 * ride: waits for the answer, promised nothing. wait: promised under a key, then waited for. leave: promised, and nobody asks. look: its
 * row is asked for. cancel, fail: is cancelled, fails at first. long: outlives its lease. large: too large for a row. plain: by a
 * socket that repeats nothing by itself. web: over HTTP, under a key.
 */
export const WAYS = [
  "ride",
  "wait",
  "leave",
  "look",
  "cancel",
  "fail",
  "long",
  "large",
  "plain",
  "web",
] as const;
export type Way = (typeof WAYS)[number];

const SHARES: readonly (readonly [Way, number])[] = [
  ["ride", 0.43],
  ["wait", 0.16],
  ["leave", 0.14],
  ["plain", 0.1],
  ["web", 0.05],
  ["look", 0.04],
  ["cancel", 0.03],
  ["fail", 0.03],
  ["long", 0.015],
  ["large", 0.005],
];

/**
 * What is known of an order. accepted: told that it is kept. answered: told its result. refused: told that nothing was kept.
 * unknown: the answer was not seen; it is sent again. ended: told that it ended some other way.
 */
export const OUTCOMES = ["unsent", "unknown", "refused", "accepted", "answered", "ended"] as const;
export type Outcome = (typeof OUTCOMES)[number];

const LARGE = "x".repeat(100_000);
const QUICK_MS = 4;
/** One in so many quick ones takes no time: by these it is seen how long an answer takes. */
const IMMEDIATE = 0.5;

export type Order = {
  readonly n: number;
  readonly way: Way;
  readonly action: "quick" | "slow";
  readonly payload: Payload;
  /** Null: a ride. */
  readonly key: string | null;
};

export class Orders {
  readonly #seed: number;
  readonly #leaseMs: number;
  readonly #customers: number;
  readonly #outcomes = new Column(Uint8Array);
  readonly #counts = new Map<Outcome, number>(OUTCOMES.map((outcome) => [outcome, 0]));
  count = 0;

  constructor(seed: number, leaseMs: number, customers: number) {
    this.#seed = seed;
    this.#leaseMs = leaseMs;
    this.#customers = customers;
  }

  next(): Order {
    return this.order(++this.count);
  }

  /** A number for a task that is no customer's. */
  skip(): number {
    return ++this.count;
  }

  /** The same for the same number. */
  order(n: number): Order {
    const dice = Dice.of(this.#seed, n);
    let left = dice.chance();
    let way: Way = "ride";
    for (const [one, share] of SHARES) {
      if (left < share) {
        way = one;
        break;
      }
      left -= share;
    }
    const isSlow = way === "long" || way === "cancel";
    const payload: Payload = {
      n,
      customer: n % this.#customers,
      ms: Math.round(this.#length(way, dice)),
      ...(way === "fail" ? { failures: 1 } : {}),
      ...(way === "large" ? { filling: LARGE } : {}),
    };
    const hasKey = way !== "ride" && way !== "long" && (way !== "fail" || n % 2 === 0);
    return { n, way, action: isSlow ? "slow" : "quick", payload, key: hasKey ? keyOf(n) : null };
  }

  /** Told of it; what was accepted stays so. */
  tell(n: number, outcome: Outcome): void {
    const before = this.outcomeOf(n);
    if (rank(outcome) <= rank(before)) return;
    this.#outcomes.set(n, rank(outcome));
    this.#counts.set(before, this.#counts.get(before)! - 1);
    this.#counts.set(outcome, this.#counts.get(outcome)! + 1);
  }

  outcomeOf(n: number): Outcome {
    return OUTCOMES[this.#outcomes.get(n)]!;
  }

  countOf(...outcomes: Outcome[]): number {
    return outcomes.reduce((sum, outcome) => sum + this.#counts.get(outcome)!, 0);
  }

  #length(way: Way, dice: Dice): number {
    if (way === "long") return dice.between(0.5, 1.5) * this.#leaseMs;
    if (way === "cancel") return dice.between(50, 1500);
    return dice.chance() < IMMEDIATE ? 0 : dice.between(1, QUICK_MS);
  }
}

export function keyOf(n: number): string {
  return `order ${n}`;
}

/** Of a key that {@link keyOf} made. */
export function numberOfKey(key: string): number {
  return Number(key.slice("order ".length));
}

function rank(outcome: Outcome): number {
  return OUTCOMES.indexOf(outcome);
}
