/** Over HTTP, who is refused again and again hears so late: until then his connection asks for nothing more. */
import type { Socket } from "node:net";
import type { Answer } from "../../engine/engine.ts";
import type { Refusals, RefusalsOfOne } from "../refusals.ts";

type Rest = { readonly of: RefusalsOfOne; readonly waiting: (() => void)[] };

export class LateRefusals {
  readonly #all: Refusals;
  readonly #bySocket = new WeakMap<Socket, Rest>();

  constructor(all: Refusals) {
    this.#all = all;
  }

  /** Resolves when this connection may hear the answers: at once unless it was refused too often. */
  async heard(socket: Socket, answers: readonly Answer[]): Promise<void> {
    const { of, waiting } = this.#restOf(socket);
    for (const answer of answers) of.note(answer);
    if (of.isResting) await new Promise<void>((resolve) => waiting.push(resolve));
  }

  #restOf(socket: Socket): Rest {
    const known = this.#bySocket.get(socket);
    if (known !== undefined) return known;
    const waiting: (() => void)[] = [];
    const rest = { of: this.#all.of(() => waiting.splice(0).forEach((go) => go())), waiting };
    this.#bySocket.set(socket, rest);
    return rest;
  }
}
