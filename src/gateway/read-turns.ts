/**
 * Who sends much at once is read in pieces, in turns with others who do, and for no longer in a turn of the event loop than is
 * good for all the rest: answers, and those who send little, who never wait here. What is long goes by the pace of what is large, and
 * few pieces of it at a time beside who asks for little: to read it is the least of what it costs.
 */
import { performance } from "node:perf_hooks";
import type { Pace } from "./pace.ts";

/** A piece. Who sends no more at once is read at once. */
export const PIECE_BYTES = 8192;
const TURN_MS = 2;
const FEW_PIECES = 5;

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
    this.#short = new Turns({ later: (run) => void setImmediate(run), again, most: () => Infinity });
    this.#long = new Turns({
      later: (run) => pace.next(run),
      again,
      most: () => (pace.isAskedForLittle ? FEW_PIECES : Infinity),
    });
  }

  /** It has something to read. To be told again only when {@link Piecemeal.readPiece} said that there was no more. */
  wait(one: Piecemeal): void {
    (one.isLong ? this.#long : this.#short).wait(one);
  }
}

type TurnsParts = {
  readonly later: (run: () => void) => void;
  /** It has more to read. */
  readonly again: (one: Piecemeal) => void;
  /** Pieces in a turn. */
  readonly most: () => number;
};

class Turns {
  readonly #parts: TurnsParts;
  readonly #waiting: Piecemeal[] = [];
  readonly #turn = (): void => this.#run();

  constructor(parts: TurnsParts) {
    this.#parts = parts;
  }

  wait(one: Piecemeal): void {
    if (this.#waiting.push(one) === 1) this.#parts.later(this.#turn);
  }

  #run(): void {
    const until = performance.now() + TURN_MS;
    const most = this.#parts.most();
    const waiting = this.#waiting;
    let at = 0;
    do {
      const one = waiting[at++]!;
      if (one.readPiece()) this.#parts.again(one);
    } while (at < waiting.length && at < most && performance.now() < until);
    waiting.splice(0, at);
    if (waiting.length > 0) this.#parts.later(this.#turn);
  }
}
