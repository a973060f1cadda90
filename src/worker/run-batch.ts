import type { Writable } from "node:stream";
import type { Run } from "./pool.ts";
import { encodeRun, encodeRunStart, END } from "./thread-wire.ts";

/** Characters. */
const LONG = 4096;

/** Runs that are handed to one thread together: one frame, written at once. Long payloads are not joined with the rest, which would copy them. */
export class RunBatch {
  #before: string[] = [];
  #beforeLength = 0;
  #text = "";

  /** Characters. */
  get length(): number {
    return this.#beforeLength + this.#text.length;
  }

  add(id: number, head: string, run: Run): void {
    const { task, payload, payloadBlob } = run;
    const comma = this.#text === "" ? "[" : ",";
    if (payloadBlob !== null || payload.length < LONG) {
      this.#text = `${this.#text}${comma}${encodeRun(id, head, run)}`;
      return;
    }
    const start = `${this.#text}${comma}${encodeRunStart(id, head, task)}`;
    this.#before.push(start, payload);
    this.#beforeLength += start.length + payload.length;
    this.#text = "]";
  }

  writeTo(socket: Writable): void {
    if (this.#text === "") return;
    const before = this.#before;
    const last = `${this.#text}]${END}`;
    this.#text = "";
    if (before.length === 0) return void socket.write(last);
    this.#before = [];
    this.#beforeLength = 0;
    socket.cork();
    for (const part of before) socket.write(part);
    socket.write(last);
    socket.uncork();
  }
}
