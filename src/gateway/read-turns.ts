/**
 * Who sends much at once is read in pieces, in turns with others who do, and for no longer in a turn of the event loop than is
 * good for all the rest: answers, and those who send little, who never wait here. Pieces of long lines go by the pace of what is large.
 */
import { performance } from "node:perf_hooks";
import type { Pace } from "./pace.ts";

/** A piece. Who sends no more at once is read at once. */
export const PIECE_BYTES = 8192;
const TURN_MS = 2;

export interface Piecemeal {
  /** What it has is larger than a piece, or is a piece of such. */
  readonly isLong: boolean;
  /** Reads one piece. @returns whether it has another that may be read now. */
  readPiece(): boolean;
}

export class ReadTurns {
  readonly #short: Turns;
  readonly #long: Turns;

  constructor(pace: Pace) {
    const again = (one: Piecemeal): void => this.wait(one);
    this.#short = new Turns((run) => void setImmediate(run), again);
    this.#long = new Turns((run) => pace.next(run), again);
  }

  /** It has something to read. To be told again only when {@link Piecemeal.readPiece} said that there was no more. */
  wait(one: Piecemeal): void {
    (one.isLong ? this.#long : this.#short).wait(one);
  }
}

class Turns {
  readonly #later: (run: () => void) => void;
  readonly #again: (one: Piecemeal) => void;
  readonly #waiting: Piecemeal[] = [];
  readonly #turn = (): void => this.#run();

  constructor(later: (run: () => void) => void, again: (one: Piecemeal) => void) {
    this.#later = later;
    this.#again = again;
  }

  wait(one: Piecemeal): void {
    if (this.#waiting.push(one) === 1) this.#later(this.#turn);
  }

  #run(): void {
    const until = performance.now() + TURN_MS;
    const waiting = this.#waiting;
    let at = 0;
    do {
      const one = waiting[at++]!;
      if (one.readPiece()) this.#again(one);
    } while (at < waiting.length && performance.now() < until);
    waiting.splice(0, at);
    if (waiting.length > 0) this.#later(this.#turn);
  }
}
