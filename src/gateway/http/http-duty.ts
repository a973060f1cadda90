import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duty } from "../connections.ts";

/** A connection that speaks HTTP: counts what is not answered, so that a drain knows when to close. Its times are Node's. */
export class HttpDuty implements Duty {
  readonly #socket: Socket;
  readonly #isDraining: () => boolean;
  #unanswered = 0;

  constructor(socket: Socket, isDraining: () => boolean) {
    this.#socket = socket;
    this.#isDraining = isDraining;
  }

  begin(response: ServerResponse): void {
    this.#unanswered++;
    response.once("close", () => {
      this.#unanswered--;
      if (this.#isDraining()) this.drain();
    });
  }

  sweep(): void {}

  drain(): void {
    if (this.#unanswered === 0) this.#socket.destroySoon();
  }
}
