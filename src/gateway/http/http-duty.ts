import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duty } from "../connections.ts";

/** A connection that speaks HTTP: counts what is not answered, so that a drain knows when to close. Its times are Node's. */
export class HttpDuty implements Duty {
  readonly #socket: Socket;
  readonly #isDraining: () => boolean;
  #unanswered = 0;
  #last: IncomingMessage | null = null;
  #refusal: (() => void) | null = null;
  /** Of those that are not answered, how many never will be when it is refused. */
  #lost = 0;

  constructor(socket: Socket, isDraining: () => boolean) {
    this.#socket = socket;
    this.#isDraining = isDraining;
  }

  begin(request: IncomingMessage, response: ServerResponse): void {
    this.#unanswered++;
    this.#last = request;
    response.once("close", () => {
      this.#unanswered--;
      this.#refuseInTurn();
      if (this.#isDraining()) this.drain();
    });
  }

  /** What came is not HTTP: that is told behind the answers to what came before it, lest it be taken for one of them. */
  refuse(tell: () => void): void {
    if (this.#refusal !== null) return;
    this.#refusal = tell;
    this.#lost = this.#last?.complete === false ? 1 : 0;
    this.#refuseInTurn();
  }

  #refuseInTurn(): void {
    if (this.#unanswered <= this.#lost) this.#refusal?.();
  }

  sweep(): void {}

  drain(): void {
    if (this.#unanswered === 0) this.#socket.destroySoon();
  }
}
