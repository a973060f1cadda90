/**
 * The history of a run: one line of JSON for each thing that happened. `t` is of the machine's monotonic clock, in ms, the same for all
 * processes; a client's operation is one line, said when it is over, with `from` and `t`.
 */
import { createWriteStream, mkdirSync, type WriteStream } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";

/** Lines are gathered: at a thousand tasks a second a write for each would cost more than the task. */
const GATHER_BYTES = 1 << 16;

export class History implements AsyncDisposable {
  readonly path: string;
  readonly #file: WriteStream;
  #pieces: string[] = [];
  #bytes = 0;

  constructor(folder: string, seed: number) {
    mkdirSync(folder, { recursive: true });
    this.path = join(folder, `${seed}.jsonl`);
    this.#file = createWriteStream(this.path);
  }

  add(what: Readonly<Record<string, unknown>>): void {
    this.addLine(`${JSON.stringify({ t: nowMs(), ...what })}\n`);
  }

  /** @param line of JSON, with its end: who writes thousands a second makes them himself. */
  addLine(line: string): void {
    this.#pieces.push(line);
    this.#bytes += line.length;
    if (this.#bytes >= GATHER_BYTES) this.#flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#flush();
    this.#file.end();
    await once(this.#file, "close");
  }

  #flush(): void {
    this.#file.write(this.#pieces.join(""));
    this.#pieces = [];
    this.#bytes = 0;
  }
}

/** Of the machine's monotonic clock, which every process reads alike. */
export function nowMs(): number {
  return Math.round(Number(process.hrtime.bigint() / 1000n)) / 1000;
}
