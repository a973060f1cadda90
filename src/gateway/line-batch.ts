import type { Writable } from "node:stream";
import type { Line } from "../protocol/reply.ts";

/** Lines of one turn, written at once. Long texts are not joined with the rest, which would copy them. */
export class LineBatch {
  #before: string[] = [];
  #beforeLength = 0;
  #text = "";

  /** Characters. */
  get length(): number {
    return this.#beforeLength + this.#text.length;
  }

  add(line: Line): void {
    if (typeof line === "string") {
      this.#text += line;
      this.#text += "\n";
      return;
    }
    const [head, long, tail] = line;
    this.#text += head;
    this.#before.push(this.#text, long);
    this.#beforeLength += this.#text.length + long.length;
    this.#text = `${tail}\n`;
  }

  writeTo(socket: Writable): void {
    if (this.#text === "") return;
    const before = this.#before;
    const last = Buffer.from(this.#text);
    this.#text = "";
    if (before.length === 0) return void socket.write(last);
    this.#before = [];
    this.#beforeLength = 0;
    socket.cork();
    for (const text of before) socket.write(Buffer.from(text));
    socket.write(last);
    socket.uncork();
  }

  clear(): void {
    this.#before = [];
    this.#beforeLength = 0;
    this.#text = "";
  }
}
