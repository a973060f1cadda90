/** From so many characters on a text is not joined with others on its way: to join them is to copy it. */
export const LONG = 16_384;

export interface Sink {
  write(piece: string | Uint8Array): unknown;
  cork(): void;
  uncork(): void;
}

/** A long text that many are told: its bytes are made once. */
export class TextForMany {
  readonly text: string;
  #bytes: Uint8Array | null = null;

  constructor(text: string) {
    this.text = text;
  }

  get length(): number {
    return this.text.length;
  }

  get bytes(): Uint8Array {
    return (this.#bytes ??= new TextEncoder().encode(this.text));
  }
}

/** Text that is written at once: what is short as one, what is long as it is. */
export class Pieces {
  #before: (string | TextForMany)[] = [];
  #beforeLength = 0;
  #text = "";

  /** Characters. */
  get length(): number {
    return this.#beforeLength + this.#text.length;
  }

  add(text: string): void {
    this.#text += text;
  }

  addLong(text: string | TextForMany): void {
    this.#before.push(this.#text, text);
    this.#beforeLength += this.#text.length + text.length;
    this.#text = "";
  }

  /** @param encode what is written for a piece. */
  writeTo(sink: Sink, encode: (text: string) => string | Uint8Array): void {
    const before = this.#before;
    const text = this.#text;
    this.clear();
    if (before.length === 0) return void sink.write(encode(text));
    sink.cork();
    for (const piece of before) {
      if (piece instanceof TextForMany) sink.write(piece.bytes);
      else if (piece !== "") sink.write(encode(piece));
    }
    if (text !== "") sink.write(encode(text));
    sink.uncork();
  }

  clear(): void {
    if (this.#before.length > 0) this.#before = [];
    this.#beforeLength = 0;
    this.#text = "";
  }
}
