/**
 * Who sends much at once is read in pieces, in turns with others who do, and for no longer in a turn of the event loop than is
 * good for all the rest: answers, and those who send little, who never wait here.
 */
import { performance } from "node:perf_hooks";

/** A piece. Who sends no more at once is read at once. */
export const PIECE_BYTES = 8192;
const TURN_MS = 2;

export interface Piecemeal {
  /** Reads one piece. @returns whether it has another that may be read now. */
  readPiece(): boolean;
}

export class ReadTurns {
  #waiting: Piecemeal[] = [];

  /** It has something to read. To be told again only when {@link Piecemeal.readPiece} said that there was no more. */
  wait(one: Piecemeal): void {
    if (this.#waiting.push(one) === 1) setImmediate(() => this.#run());
  }

  #run(): void {
    const until = performance.now() + TURN_MS;
    const waiting = this.#waiting;
    let at = 0;
    do {
      const one = waiting[at++]!;
      if (one.readPiece()) waiting.push(one);
    } while (at < waiting.length && performance.now() < until);
    waiting.splice(0, at);
    if (waiting.length > 0) setImmediate(() => this.#run());
  }
}
