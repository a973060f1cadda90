/** A connection that speaks lines: bytes in, bytes out, and its times. */
import type { Socket } from "node:net";
import { LineReader, type LineSink } from "../protocol/line-reader.ts";
import { LONG, Pieces } from "../protocol/pieces.ts";
import type { Line } from "../protocol/reply.ts";
import { leadingIdPrefix } from "../protocol/request-id.ts";
import { TandaError } from "../task/errors.ts";
import { Arriving, noRoom } from "./budget.ts";
import { Leaving, type Duty, type Peer } from "./connections.ts";
import type { GatewayContext } from "./context.ts";
import { cutOff } from "./cut-off.ts";
import { PIECE_BYTES, type Piecemeal } from "./read-turns.ts";
import type { Outlet } from "./outlet.ts";
import { Session } from "./session.ts";
import { Unread } from "./unread.ts";

/** As bytes, so that what a client leaves unread is counted as it is, and lies outside of the engine's heap. */
const encode = (text: string): Buffer => Buffer.from(text);
/** To one who has read all: bytes made here would lie there until a collection, those that the system makes of a text do not. */
const encodeShort = (text: string): string | Buffer =>
  text.length >= LONG && Buffer.byteLength(text) === text.length ? text : encode(text);

export class LineConnection implements Duty, Outlet, LineSink, Piecemeal {
  readonly #context: GatewayContext;
  readonly #peer: Peer;
  readonly #socket: Socket;
  readonly #reader: LineReader;
  readonly #session: Session;
  readonly #arriving: Arriving;
  /** Came at once, is much, and waits to be read in pieces. The socket is not read meanwhile. */
  #heap: Buffer | null = null;
  #isInTurns = false;
  #hasEnded = false;
  readonly #out = new Pieces();
  #isReading = true;
  #heardAt: number;
  #saidAt = 0;
  /** When the line began that has not ended; null between lines and while it is us who do not read. */
  #lineBegunAt: number | null = null;
  readonly #unread: Unread;

  constructor(context: GatewayContext, socket: Socket, peer: Peer, first: Buffer) {
    const { lineBytes, discardBytes } = context.limits;
    this.#context = context;
    this.#socket = socket;
    this.#peer = peer;
    this.#heardAt = context.clock.now();
    this.#reader = new LineReader({
      maxBytes: lineBytes,
      maxDiscardBytes: discardBytes,
      decode: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(),
    });
    this.#session = new Session(context, this, context.door.open, peer.address);
    this.#unread = new Unread(context.limits, context.clock, this);
    this.#arriving = new Arriving(context.budget);
    peer.duty = this;
    socket.on("data", (chunk: Buffer) => this.#came(chunk));
    socket.on("end", () => this.#end());
    socket.on("drain", () => {
      this.#unread.drained();
      context.turn.schedule(this.#session);
    });
    socket.on("close", () => {
      this.#session.close();
      this.#setHeap(null);
      this.#arriving.end();
    });
    if (first.length > 0) this.#came(first);
    if (socket.readableEnded) this.#end();
    else if (this.#isReading && this.#heap === null) socket.resume();
  }

  line(text: string, bytes: number): void {
    this.#session.receive(text, bytes, true);
  }

  badLine(why: "too_large" | "not_utf8", head: string): void {
    const error =
      why === "too_large"
        ? new TandaError("too_large", `the line is longer than ${this.#context.limits.lineBytes} bytes`, {
            hint: 'PUT /v1/blobs takes large values; send {"$blob":"ID"} as the payload.',
          })
        : new TandaError("bad_json", "the line is not valid UTF-8");
    this.#refuse(head, error);
  }

  overflow(): void {
    this.#context.log.warn({ address: this.#peer.address }, "closed: a line without an end");
    this.#socket.destroy();
  }

  write(line: Line): void {
    if (typeof line === "string") this.#out.add(line);
    else {
      const [head, long, tail] = line;
      this.#out.add(head);
      this.#out.addLong(long);
      this.#out.add(tail);
    }
    this.#out.add("\n");
  }

  flush(): void {
    if (this.#out.length === 0) return;
    if (!this.#socket.writable) return this.#out.clear();
    this.#out.writeTo(this.#socket, this.#socket.writableLength === 0 ? encodeShort : encode);
    this.#saidAt = this.#context.clock.now();
    this.#unread.look(this.#saidAt);
  }

  get unreadBytes(): number {
    return this.#socket.writableLength + this.#out.length;
  }

  get isAsking(): boolean {
    return this.#session.isAsking;
  }

  setReading(isReading: boolean): void {
    if (isReading === this.#isReading) return;
    this.#isReading = isReading;
    if (isReading) {
      this.#lineBegunAt = this.#reader.isInLine ? this.#context.clock.now() : null;
      if (this.#heap === null) this.#socket.resume();
      else this.#waitForTurn();
    } else {
      this.#lineBegunAt = null;
      this.#socket.pause();
    }
  }

  finish(): void {
    this.#socket.removeAllListeners("data");
    this.#setHeap(null);
    this.#socket.end();
    // What still comes is thrown away, so that our last words are not cut off by a reset.
    this.#socket.resume();
    this.#peer.duty = new Leaving(this.#socket, this.#context.clock.now() + this.#context.limits.lineMs);
    if (this.#socket.readableEnded) this.#socket.destroySoon();
  }

  sweep(now: number): void {
    const { idleMs, lineMs } = this.#context.limits;
    if (this.#unread.isTooLong(now)) return this.#close("answers were not read", cutOff);
    if (this.#lineBegunAt !== null && now - this.#lineBegunAt > lineMs) {
      return this.#close("a line was begun and not ended");
    }
    if (now - this.#heardAt <= idleMs) return;
    // Whoever sends no more and then is gone is not missed until something is written.
    const mayBeGone = this.#socket.readableEnded && now - this.#saidAt > idleMs;
    if (this.#session.isIdle || (mayBeGone && this.#session.isOnlyWatching)) this.#close("idle");
  }

  drain(): void {
    this.#session.drain();
  }

  get isLong(): boolean {
    return this.#reader.heldBytes >= PIECE_BYTES;
  }

  readPiece(): boolean {
    this.#isInTurns = false;
    const heap = this.#heap;
    if (heap === null || !this.#isReading) return false;
    if (heap.length > PIECE_BYTES) {
      const end = heap.indexOf(10, PIECE_BYTES);
      this.#reader.expect(this.#reader.heldBytes + (end < 0 ? heap.length : end));
    }
    this.#setHeap(heap.length > PIECE_BYTES ? heap.subarray(PIECE_BYTES) : null);
    this.#take(heap.subarray(0, PIECE_BYTES));
    if (this.#heap !== null) return (this.#isInTurns = this.#isReading);
    if (this.#hasEnded) this.#end();
    else if (this.#isReading) this.#socket.resume();
    return false;
  }

  #came(chunk: Buffer): void {
    if (chunk.length <= PIECE_BYTES && this.#heap === null) {
      // What is left of a long line is not little.
      if (!this.#reader.isInLine) this.#context.pace.little();
      return this.#take(chunk);
    }
    this.#setHeap(this.#heap === null ? chunk : Buffer.concat([this.#heap, chunk]));
    this.#socket.pause();
    if (this.#isReading) this.#waitForTurn();
  }

  #waitForTurn(): void {
    if (this.#isInTurns) return;
    this.#isInTurns = true;
    this.#context.reads.wait(this);
  }

  #setHeap(heap: Buffer | null): void {
    this.#context.budget.hold((heap?.length ?? 0) - (this.#heap?.length ?? 0));
    this.#heap = heap;
  }

  #take(chunk: Buffer): void {
    this.#heardAt = this.#context.clock.now();
    const wasInLine = this.#reader.isInLine;
    this.#reader.push(chunk, this);
    this.#reader.expect(0);
    if (!this.#arriving.has(this.#reader.heldBytes)) {
      this.#refuse(this.#reader.abandon(), noRoom());
      this.#arriving.end();
    }
    if (!this.#reader.isInLine) this.#lineBegunAt = null;
    // A chunk with a newline in it ended the old line; what is left began now.
    else if (!wasInLine || chunk.includes(10)) this.#lineBegunAt = this.#heardAt;
    this.#session.endOfRead();
  }

  #end(): void {
    this.#hasEnded = true;
    if (this.#heap !== null) return;
    this.#lineBegunAt = null;
    this.#reader.end(this);
    this.#arriving.end();
    this.#session.endOfRead();
    this.#session.endOfInput();
  }

  /** `head` is how the line begins. */
  #refuse(head: string, error: TandaError): void {
    this.#session.refuseLine(head.trimStart().startsWith("{") ? leadingIdPrefix(head) : null, error);
  }

  #close(why: string, end = (socket: Socket): void => void socket.destroy()): void {
    this.#context.log.info({ address: this.#peer.address, why }, "closed a connection");
    end(this.#socket);
  }
}
