/**
 * The pipe between the node and a pool process's supervisor: a JSON text a line. It is no IPC channel of Node's, because users'
 * code shares its process and may write to any descriptor by mistake: Node would throw at what it cannot read, where nobody can
 * catch it, and the node would end.
 */
import type { Duplex } from "node:stream";

/** In the pool process; 0 to 2 are its standard streams. */
export const CONTROL_FD = 3;
/** More than any message has. */
const MAX_LINE_CHARS = 8_388_608;

export class ControlPipe<In extends { type: string }, Out extends { type: string }> {
  readonly #pipe: Duplex;
  #rest = "";

  /** @param onGarbage told once: what came is none of ours. Nothing more is read. */
  constructor(pipe: Duplex, onMessage: (message: In) => void, onGarbage: () => void) {
    this.#pipe = pipe;
    // Gone meanwhile: the process's exit, or our own, says so.
    pipe.on("error", () => {});
    pipe.setEncoding("utf8").on("data", (text: string) => {
      for (const message of this.#cut(text)) {
        if (message === undefined) {
          pipe.removeAllListeners("data").resume();
          onGarbage();
          return;
        }
        onMessage(message);
      }
    });
  }

  send(message: Out): void {
    if (this.#pipe.writable) this.#pipe.write(`${JSON.stringify(message)}\n`);
  }

  /** Messages as they come; undefined for what is none. */
  *#cut(text: string): Generator<In | undefined> {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop()!;
    for (const line of lines) yield read(line) as In | undefined;
    if (this.#rest.length > MAX_LINE_CHARS) yield undefined;
  }
}

function read(line: string): { type: string } | undefined {
  try {
    const message = JSON.parse(line) as { type?: unknown } | null;
    return typeof message?.type === "string" ? (message as { type: string }) : undefined;
  } catch {
    return undefined;
  }
}
