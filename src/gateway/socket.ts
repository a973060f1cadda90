/** A WebSocket: one JSON message of lines in each text message, both ways. */
import type { Socket } from "node:net";
import type { RawData, WebSocket } from "ws";
import { joined, type Line } from "../protocol/reply.ts";
import { Arriving } from "./budget.ts";
import type { Duty, Peer } from "./connections.ts";
import type { GatewayContext } from "./context.ts";
import { cutOff } from "./cut-off.ts";
import { FrameWatch } from "./frame-watch.ts";
import type { Grant } from "./grant.ts";
import type { Outlet } from "./outlet.ts";
import { PIECE_BYTES, type Piecemeal } from "./read-turns.ts";
import { Session } from "./session.ts";
import { Unread } from "./unread.ts";

const GOING_AWAY = 1001;
const UNSUPPORTED = 1003;
const NOT_ALLOWED = 1008;

export class SocketConnection implements Duty, Outlet, Piecemeal {
  readonly #context: GatewayContext;
  readonly #peer: Peer;
  readonly #ws: WebSocket;
  readonly #session: Session;
  #out: string[] = [];
  #outBytes = 0;
  #heardAt: number;
  readonly #unread: Unread;
  readonly #frames = new FrameWatch();
  readonly #arriving: Arriving;
  /** When the message began that has not ended; null between messages and while it is us who do not read. */
  #messageBegunAt: number | null = null;
  #isReading = true;
  #isResting = false;
  #isReadHere = false;

  constructor(context: GatewayContext, ws: WebSocket, peer: Peer, grant: Grant | null) {
    this.#context = context;
    this.#ws = ws;
    this.#peer = peer;
    this.#heardAt = context.clock.now();
    this.#session = new Session(context, this, grant, peer.address);
    this.#unread = new Unread(context.limits, context.clock, this);
    this.#arriving = new Arriving(context.budget);
    peer.duty = this;
    ws.on("message", (data, isBinary) => this.#take(data, isBinary));
    ws.on("error", () => undefined);
    ws.on("close", () => {
      this.#session.close();
      this.#arriving.end();
    });
    peer.socket.on("data", (chunk: Buffer) => this.#watch(chunk));
    peer.socket.on("drain", () => {
      this.#unread.drained();
      context.turn.schedule(this.#session);
    });
  }

  write(line: Line): void {
    const message = joined(line);
    this.#out.push(message);
    this.#outBytes += message.length;
  }

  flush(): void {
    if (this.#out.length === 0) return;
    const out = this.#out;
    this.#out = [];
    this.#outBytes = 0;
    if (this.#ws.readyState !== this.#ws.OPEN) return;
    const { socket } = this.#peer;
    socket.cork();
    for (const line of out) this.#ws.send(line);
    socket.uncork();
    this.#unread.look();
  }

  get unreadBytes(): number {
    return this.#ws.bufferedAmount + this.#outBytes;
  }

  get isAsking(): boolean {
    return this.#session.isAsking;
  }

  setReading(isReading: boolean): void {
    if (isReading === this.#isReading) return;
    this.#isReading = isReading;
    this.#messageBegunAt = isReading && this.#frames.isInMessage ? this.#context.clock.now() : null;
    if (!isReading) this.#ws.pause();
    else if (!this.#isResting) this.#ws.resume();
  }

  get isLong(): boolean {
    return this.#isResting;
  }

  readPiece(): boolean {
    this.#isResting = false;
    if (this.#isReading) this.#ws.resume();
    return false;
  }

  /** Behind a long message others come first. */
  #rest(): void {
    if (this.#isResting) return;
    this.#isResting = true;
    this.#ws.pause();
    this.#context.reads.wait(this);
  }

  finish(why?: "unauthorized"): void {
    if (!this.#isReading) this.#ws.resume();
    if (why === undefined) this.#ws.close(GOING_AWAY, "the node is stopping");
    else this.#ws.close(NOT_ALLOWED, why);
    const until = this.#context.clock.now() + this.#context.limits.lineMs;
    this.#peer.duty = {
      sweep: (now) => {
        if (now > until) this.#ws.terminate();
      },
      drain: () => undefined,
    };
  }

  sweep(now: number): void {
    const { idleMs, lineMs } = this.#context.limits;
    if (this.#unread.isTooLong(now)) return this.#close("answers were not read", cutOff);
    if (this.#messageBegunAt !== null && now - this.#messageBegunAt > lineMs) {
      return this.#close("a message was begun and not ended");
    }
    if (now - this.#heardAt > idleMs && this.#session.isIdle) this.#close("idle");
  }

  #close(why: string, end = (_socket: Socket): void => this.#ws.terminate()): void {
    this.#context.log.info({ address: this.#peer.address, why }, "closed a connection");
    end(this.#peer.socket);
  }

  drain(): void {
    this.#session.drain();
  }

  #take(data: RawData, isBinary: boolean): void {
    this.#heardAt = this.#context.clock.now();
    if (isBinary) {
      this.#ws.close(UNSUPPORTED, "messages are text");
      return;
    }
    const bytes = data as Buffer;
    if (bytes.length <= PIECE_BYTES) this.#context.pace.little();
    else if (this.#context.pace.isOn) this.#rest();
    this.#session.receive(bytes.toString(), bytes.length, false);
    // Messages of one read come one after another in one turn; they are submitted together behind the last.
    if (this.#isReadHere) return;
    this.#isReadHere = true;
    queueMicrotask(() => {
      this.#isReadHere = false;
      this.#session.endOfRead();
    });
  }

  #watch(chunk: Buffer): void {
    const wasInMessage = this.#frames.isInMessage;
    const hasEnded = this.#frames.push(chunk);
    // At most so much of the chunk is of the message that has not ended.
    const isSame = wasInMessage && !hasEnded;
    const arrived = this.#frames.isInMessage ? chunk.length : 0;
    if (!(isSame && arrived > 0 ? this.#arriving.hasMore(arrived) : this.#arriving.has(arrived)))
      return this.#close("no room for its message");
    if (!this.#frames.isInMessage) this.#messageBegunAt = null;
    // What is left began behind the one that ended here.
    else if (this.#isReading && (!wasInMessage || hasEnded)) this.#messageBegunAt = this.#context.clock.now();
  }
}
