/**
 * Tells whether a WebSocket message has begun and not ended, from the bytes of its frames: ws tells whole messages only,
 * and one that drips in would hold its memory for as long as its client likes.
 */
const IS_LAST = 0x80;
const OPCODE = 0x0f;
const FIRST_CONTROL = 8;
const IS_MASKED = 0x80;
const LENGTH = 0x7f;
const SHORT_HEAD = 2;
const MASK = 4;

export class FrameWatch {
  readonly #head = Buffer.alloc(14);
  #headBytes = 0;
  /** Of the frame whose head is known, mask and payload still to come. */
  #left = 0;
  /** A message's first frame came and its last did not. */
  #isInParts = false;

  get isInMessage(): boolean {
    return this.#headBytes > 0 || this.#left > 0 || this.#isInParts;
  }

  /** @returns whether something ended in it: a message, or a ping between two. */
  push(chunk: Uint8Array): boolean {
    let hasEnded = false;
    for (let at = 0; at < chunk.length;) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, chunk.length - at);
        this.#left -= taken;
        at += taken;
      } else {
        this.#head[this.#headBytes++] = chunk[at++]!;
        if (this.#headBytes < SHORT_HEAD || this.#headBytes < this.#headSize) continue;
        this.#readHead();
      }
      if (this.#left === 0 && !this.#isInParts) hasEnded = true;
    }
    return hasEnded;
  }

  get #headSize(): number {
    const length = this.#head[1]! & LENGTH;
    return SHORT_HEAD + (length === 126 ? 2 : length === 127 ? 8 : 0);
  }

  #readHead(): void {
    const [first, second] = [this.#head[0]!, this.#head[1]!];
    const length = second & LENGTH;
    const payload =
      length === 126
        ? this.#head.readUInt16BE(SHORT_HEAD)
        : length === 127
          ? Number(this.#head.readBigUInt64BE(SHORT_HEAD))
          : length;
    this.#left = payload + (second & IS_MASKED ? MASK : 0);
    this.#headBytes = 0;
    if ((first & OPCODE) < FIRST_CONTROL) this.#isInParts = (first & IS_LAST) === 0;
  }
}
