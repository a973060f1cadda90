import { LONG, Pieces, type Sink } from "../protocol/pieces.ts";
import type { Run } from "./pool.ts";
import { encodeRun, encodeRunStart, END } from "./thread-wire.ts";

const asItIs = (text: string): string => text;

/** Runs that are handed to one thread together: one frame. */
export class RunBatch {
  readonly #out = new Pieces();

  /** Characters. */
  get length(): number {
    return this.#out.length;
  }

  add(id: number, head: string, run: Run): void {
    const { task, payload, payloadBlob } = run;
    const comma = this.#out.length === 0 ? "[" : ",";
    if (payloadBlob !== null || payload.length < LONG) {
      this.#out.add(`${comma}${encodeRun(id, head, run)}`);
      return;
    }
    this.#out.add(`${comma}${encodeRunStart(id, head, task)}`);
    this.#out.addLong(payload);
    this.#out.add("]");
  }

  writeTo(pipe: Sink): void {
    if (this.#out.length === 0) return;
    this.#out.add(`]${END}`);
    this.#out.writeTo(pipe, asItIs);
  }
}
