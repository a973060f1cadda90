import type { Shares } from "./shares.ts";

/** Gathers what is to be done once at the end of a turn of the event loop: all answers of a turn go out in one write. */
export interface TurnEnd {
  endOfTurn(): void;
}

export class Turn {
  readonly #shares: Shares;
  #scheduled = new Set<TurnEnd>();

  constructor(shares: Shares) {
    this.#shares = shares;
  }

  schedule(one: TurnEnd): void {
    if (this.#scheduled.size === 0) setImmediate(() => this.#run());
    this.#scheduled.add(one);
  }

  #run(): void {
    this.#shares.turn();
    const scheduled = this.#scheduled;
    this.#scheduled = new Set();
    for (const one of scheduled) one.endOfTurn();
  }
}
