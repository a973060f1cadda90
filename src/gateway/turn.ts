/** Gathers what is to be done once at the end of a turn of the event loop: all answers of a turn go out in one write. */
export interface TurnEnd {
  endOfTurn(): void;
}

export class Turn {
  #scheduled = new Set<TurnEnd>();

  schedule(one: TurnEnd): void {
    if (this.#scheduled.size === 0) setImmediate(() => this.#run());
    this.#scheduled.add(one);
  }

  #run(): void {
    const scheduled = this.#scheduled;
    this.#scheduled = new Set();
    for (const one of scheduled) one.endOfTurn();
  }
}
