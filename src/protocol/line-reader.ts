/**
 * Lines from chunks of bytes. Each byte is looked at once, whole chunks are decoded at once, and no more than the
 * longest line is ever held: a longer one is told the moment it is, and thrown away up to its newline.
 */
const LF = 10;
const CR = 13;

export interface LineSink {
  /** `bytes` is what the line took on the wire, without its end. Not called for empty lines. */
  line(text: string, bytes: number): void;
  /** A line that cannot be taken; `head` is how it begins. Reading goes on after its newline. */
  badLine(why: "too_large" | "not_utf8", head: string): void;
  /** More was thrown away than may be. Nothing more is told; the connection is to be closed. */
  overflow(): void;
}

export type LineReaderOptions = {
  readonly maxBytes: number;
  readonly maxDiscardBytes: number;
  /** Decodes UTF-8, putting U+FFFD for what is not; the platform's fastest. */
  readonly decode?: (bytes: Uint8Array) => string;
};

const HEAD_BYTES = 256;
const NOTHING = new Uint8Array(0);
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
const strict = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

export class LineReader {
  readonly #options: LineReaderOptions;
  readonly #decode: (bytes: Uint8Array) => string;
  /** The beginning of a line whose end has not come; grows by doubling, so that a line that drips in stays cheap. */
  #held: Uint8Array = NOTHING;
  #heldBytes = 0;
  #expectedBytes = 0;
  #discarded = 0;
  #state: "reading" | "discarding" | "over" = "reading";

  constructor(options: LineReaderOptions) {
    this.#options = options;
    this.#decode = options.decode ?? ((bytes) => lenient.decode(bytes));
  }

  /** A line has begun and not ended. */
  get isInLine(): boolean {
    return this.#heldBytes > 0 || this.#state === "discarding";
  }

  /** Of a line that has begun and not ended. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** At most so many bytes of the line that begins or goes on in the next chunk are here: room for them is made at once. */
  expect(bytes: number): void {
    this.#expectedBytes = Math.min(bytes, this.#options.maxBytes);
  }

  /** Gives up the line that has begun; its rest is thrown away. @returns how it begins. */
  abandon(): string {
    this.#discarded = this.#heldBytes;
    this.#state = "discarding";
    return lenient.decode(this.#take(NOTHING).subarray(0, HEAD_BYTES));
  }

  /** `chunk` is not kept. */
  push(chunk: Uint8Array, sink: LineSink): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#state === "over") return;
      if (this.#state === "discarding") rest = this.#discard(rest, sink);
      else rest = this.#read(rest, sink);
    }
  }

  /** The client's last line may lack its newline. */
  end(sink: LineSink): void {
    if (this.#state === "reading" && this.#heldBytes > 0) this.#emit(this.#take(NOTHING), sink);
    this.#state = "over";
  }

  /** @returns what is left to look at. */
  #read(chunk: Uint8Array, sink: LineSink): Uint8Array {
    const last = chunk.lastIndexOf(LF);
    const { maxBytes } = this.#options;
    if (this.#heldBytes + chunk.length <= maxBytes) {
      if (last < 0) this.#hold(chunk);
      else {
        this.#emit(this.#take(chunk.subarray(0, last)), sink);
        if (last + 1 < chunk.length) this.#hold(chunk.subarray(last + 1));
      }
      return chunk.subarray(chunk.length);
    }
    // Somewhere in here a line may be over the limit: one line at a time.
    const first = last < 0 ? -1 : chunk.indexOf(LF);
    const bytes = this.#heldBytes + (first < 0 ? chunk.length : first);
    // A carriage return before the newline is not of the line.
    if (bytes > maxBytes + 1 || (bytes === maxBytes + 1 && !this.#endsInReturn(chunk, first))) {
      return this.#refuse(chunk, sink);
    }
    if (first < 0) {
      this.#hold(chunk);
      return chunk.subarray(chunk.length);
    }
    this.#emit(this.#take(chunk.subarray(0, first)), sink);
    return chunk.subarray(first + 1);
  }

  #endsInReturn(chunk: Uint8Array, end: number): boolean {
    const last = end < 0 ? chunk.length - 1 : end - 1;
    return last >= 0 ? chunk[last] === CR : this.#held[this.#heldBytes - 1] === CR;
  }

  #refuse(chunk: Uint8Array, sink: LineSink): Uint8Array {
    const heldBytes = this.#heldBytes;
    this.#hold(chunk.subarray(0, HEAD_BYTES));
    const head = this.#take(NOTHING).subarray(0, HEAD_BYTES);
    this.#discarded = heldBytes;
    this.#state = "discarding";
    sink.badLine("too_large", lenient.decode(head));
    return chunk;
  }

  #discard(chunk: Uint8Array, sink: LineSink): Uint8Array {
    const end = chunk.indexOf(LF);
    this.#discarded += end < 0 ? chunk.length : end;
    if (this.#discarded > this.#options.maxDiscardBytes) {
      this.#state = "over";
      sink.overflow();
      return chunk.subarray(chunk.length);
    }
    if (end < 0) return chunk.subarray(chunk.length);
    this.#state = "reading";
    return chunk.subarray(end + 1);
  }

  #hold(bytes: Uint8Array): void {
    const needed = this.#heldBytes + bytes.length;
    if (needed > this.#held.length) {
      const grown = new Uint8Array(Math.max(needed, this.#expectedBytes, 2 * this.#held.length, 128));
      grown.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = grown;
    }
    this.#held.set(bytes, this.#heldBytes);
    this.#heldBytes = needed;
  }

  #take(bytes: Uint8Array): Uint8Array {
    if (this.#heldBytes === 0) return bytes;
    this.#hold(bytes);
    const whole = this.#held.subarray(0, this.#heldBytes);
    this.#held = NOTHING;
    this.#heldBytes = 0;
    return whole;
  }

  /** Whole lines with newlines between them; none inside a character, since no other byte of UTF-8 is below 0x80. */
  #emit(bytes: Uint8Array, sink: LineSink): void {
    const text = this.#decode(bytes);
    // First: what is no character becomes one a byte, and is as long. In a text of ASCII the engine knows without looking.
    if (text.includes("\uFFFD")) return this.#emitChecked(bytes, sink);
    const isAscii = text.length === bytes.length;
    let start = 0;
    let startByte = 0;
    for (;;) {
      const newline = text.indexOf("\n", start);
      const stop = newline < 0 ? text.length : newline;
      let stopByte = stop;
      if (!isAscii) {
        stopByte = newline < 0 ? bytes.length : bytes.indexOf(LF, startByte);
      }
      const end = stop > start && text.charCodeAt(stop - 1) === CR ? stop - 1 : stop;
      if (end > start) {
        const size = (isAscii ? stop - start : stopByte - startByte) - (stop - end);
        sink.line(text.slice(start, end), size);
      }
      if (newline < 0) return;
      start = stop + 1;
      startByte = stopByte + 1;
    }
  }

  #emitChecked(bytes: Uint8Array, sink: LineSink): void {
    for (let start = 0; start <= bytes.length;) {
      const newline = bytes.indexOf(LF, start);
      const stop = newline < 0 ? bytes.length : newline;
      const end = stop > start && bytes[stop - 1] === CR ? stop - 1 : stop;
      const line = bytes.subarray(start, end);
      if (line.length > 0) {
        let text: string | null = null;
        try {
          text = strict.decode(line);
        } catch {
          sink.badLine("not_utf8", lenient.decode(line.subarray(0, HEAD_BYTES)));
        }
        if (text !== null) sink.line(text, line.length);
      }
      start = stop + 1;
    }
  }
}
