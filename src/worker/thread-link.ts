/** The node's end of one thread's pipe: what it was handed, and what it says. */
import type { Socket } from "node:net";
import type { ActionLoad } from "./action-load.ts";
import type { ToProcess } from "./control-messages.ts";
import { monoMs } from "./mono-clock.ts";
import { Numbered } from "./numbered.ts";
import type { Run } from "./pool.ts";
import { RunBatch } from "./run-batch.ts";
import { EXCLUSIVE, MAX_ORDINAL, SHARED, type Lane } from "./slots.ts";
import { END, FrameCutter, readFrame, type FrameListener } from "./thread-wire.ts";

export type InHand = {
  readonly run: Run;
  readonly load: ActionLoad;
  readonly id: number;
  readonly link: ThreadLink;
  /** On the shared monotonic clock. */
  readonly handedAt: number;
  readonly estimateMs: number;
  isCancelled: boolean;
};

/** up: takes runs. retiring: ends what it has. gone: nothing more comes from it. */
export type LinkState = "starting" | "up" | "retiring" | "gone";

export class ThreadLink {
  readonly key: number;
  /** To the supervisor of its process. */
  readonly tell: (message: ToProcess) => void;
  /** By id; in the order they were handed over. */
  readonly inHand = new Numbered<InHand>();
  /** How many of each lane are in hand. */
  readonly counts: [number, number] = [0, 0];
  readonly lastOrdinals: [number, number] = [0, 0];
  /** Up to here it was asked back already. */
  readonly recalledTo: [number, number] = [0, 0];
  state: LinkState = "starting";
  /** Estimated time of what the exclusive lane holds. */
  loadMs = 0;
  bytes = 0;
  /** When the exclusive lane last moved on. */
  movedAt = 0;
  /** It does not read its pipe: a run holds its event loop. */
  isBlocked = false;
  #socket: Socket | null = null;
  readonly #batch = new RunBatch();

  constructor(key: number, tell: (message: ToProcess) => void) {
    this.key = key;
    this.tell = tell;
  }

  attach(
    socket: Socket,
    cutter: FrameCutter,
    listener: FrameListener,
    events: { closed: () => void; turn: () => void; garbled: () => void },
  ): void {
    this.#socket = socket;
    this.state = "up";
    const onFrame = (text: string, from: number, end: number): void => readFrame(text, from, end, listener);
    socket.on("data", (chunk: string) => {
      this.isBlocked = false;
      try {
        cutter.cut(chunk, onFrame);
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        events.garbled();
      }
      events.turn();
    });
    socket.on("drain", events.turn);
    socket.on("close", events.closed);
  }

  get isOpen(): boolean {
    return this.#socket !== null && !this.#socket.closed;
  }

  /** Written to its pipe, which is full; of what it has not read the system keeps some more. */
  get unreadBytes(): number {
    return this.#batch.length + (this.#socket?.writableLength ?? 0);
  }

  /** Ordinals are used up: time for another thread. */
  get isWorn(): boolean {
    return Math.max(...this.lastOrdinals) >= MAX_ORDINAL - 1;
  }

  hand(run: Run, load: ActionLoad, now: number, estimateMs: number): InHand {
    const { lane } = load;
    const id = this.inHand.next(this.lastOrdinals[lane] * 2 + lane, 2);
    this.lastOrdinals[lane] = id >> 1;
    const inHand: InHand = { run, load, id, link: this, handedAt: now, estimateMs, isCancelled: false };
    this.inHand.set(id, inHand);
    if (++this.counts[lane] === 1 && lane === EXCLUSIVE) this.movedAt = now;
    if (lane === EXCLUSIVE) this.loadMs += estimateMs;
    this.bytes += run.payload.length;
    load.handed(this);
    this.#batch.add(id, load.head(run), run);
    return inHand;
  }

  /** One write for what was handed over together. */
  flush(): void {
    if (this.#socket !== null) this.#batch.writeTo(this.#socket);
  }

  take(id: number): InHand | undefined {
    const inHand = this.inHand.get(id);
    if (inHand === undefined) return undefined;
    const { lane } = inHand.load;
    this.inHand.delete(id);
    this.counts[lane]--;
    if (lane === EXCLUSIVE) this.loadMs = this.counts[lane] === 0 ? 0 : this.loadMs - inHand.estimateMs;
    this.bytes -= inHand.run.payload.length;
    inHand.load.taken(this);
    return inHand;
  }

  cancel(id: number): void {
    this.#socket?.write(`c${id}${END}`);
  }

  /** The run at the head of the exclusive lane. */
  get head(): InHand | undefined {
    if (this.counts[EXCLUSIVE] === 0) return undefined;
    for (const inHand of this.inHand.values()) if (inHand.load.lane === EXCLUSIVE) return inHand;
    return undefined;
  }

  /** How long the exclusive lane has stood still. */
  stillMs(now = monoMs()): number {
    return this.counts[EXCLUSIVE] === 0 ? 0 : now - this.movedAt;
  }

  /** Something waits behind the run at the head, and was not asked back yet. */
  hasBehind(lane: Lane): boolean {
    if (this.recalledTo[lane] === this.lastOrdinals[lane]) return false;
    return lane === SHARED
      ? this.counts[SHARED] > 0 && this.counts[EXCLUSIVE] > 0
      : this.counts[EXCLUSIVE] > 1;
  }

  /** Asks for what has not begun, whatever the thread is doing. */
  recall(lane: Lane): void {
    const upTo = this.lastOrdinals[lane];
    this.recalledTo[lane] = upTo;
    this.tell({ type: "recall", key: this.key, lane, upTo });
  }

  destroy(): void {
    this.#socket?.destroy();
  }
}
