/** The invariants, and every time one of them was broken. */
import type { History } from "./history.ts";

export const INVARIANTS = {
  I1: "what was accepted is there; of one key there is one task, of what was refused none",
  I2: "each task has one end, and its result is that of the attempt that holds it",
  I3: "what is done was run; two runs overlap only where the older one's lease had ended; an attempt after the first runs once",
  I4: "attempts go up one by one and are not taken back; what failed had no more to try, or was told to",
  I5: "every answer is its asker's",
  I6: "what is urgent goes before what is not, and nothing starves",
  I7: "memory stays within its bounds; who is refused is told so",
  I8: "once all is healed all comes to its end, and queues are empty",
  I9: "open files and connections are as they were",
  F7: "a restart of every box, one after another, shows no customer an error",
} as const;
export type Invariant = keyof typeof INVARIANTS;

const KEPT = 10;

export class Verdicts {
  readonly #history: History;
  readonly #broken = new Map<Invariant, { count: number; first: string[] }>();
  readonly #checked = new Set<Invariant>();
  readonly #first = Promise.withResolvers<void>();
  /** Faults that nothing shows to have happened, or that could not be done. */
  readonly unseen: string[] = [];

  constructor(history: History) {
    this.#history = history;
  }

  /** @param n of a task, where it is one's. */
  break(invariant: Invariant, text: string, n: number | null = null): void {
    const known = this.#broken.get(invariant) ?? { count: 0, first: [] };
    this.#broken.set(invariant, known);
    known.count++;
    this.#first.resolve();
    if (known.first.length < KEPT) {
      known.first.push(text);
      console.log(`  BROKEN ${invariant}: ${text}`);
    }
    this.#history.add({ who: "oracle", op: "broken", invariant, n, text });
  }

  /** It was looked at, and may be said to hold when nothing was found. */
  checked(invariant: Invariant): void {
    this.#checked.add(invariant);
  }

  unobserved(fault: string, why: string): void {
    this.unseen.push(`${fault}: ${why}`);
    console.log(`  NOT SEEN ${fault}: ${why}`);
    this.#history.add({ who: "nemesis", op: "unseen", fault, why });
  }

  /** Resolves when the first of them is broken. */
  get first(): Promise<void> {
    return this.#first.promise;
  }

  get isBroken(): boolean {
    return this.#broken.size > 0 || this.unseen.length > 0;
  }

  brokenOf(invariant: Invariant): { readonly count: number; readonly first: readonly string[] } {
    return this.#broken.get(invariant) ?? { count: 0, first: [] };
  }

  isChecked(invariant: Invariant): boolean {
    return this.#checked.has(invariant);
  }
}
