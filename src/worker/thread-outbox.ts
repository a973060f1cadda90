/**
 * What a thread has to say, gathered and sent in one write a turn. A flush goes to the kernel at once, so that it arrives even
 * if the thread spins or ends right after. A stream would not do: it keeps a second write of one turn for later.
 */
import { writeSync } from "node:fs";
import type { Socket } from "node:net";
import type { LogLine } from "../task/task.ts";
import { monoMs } from "./mono-clock.ts";
import * as wire from "./thread-wire.ts";

/** What is ready waits no longer than this for the turn's end. */
const MAX_WAIT_MS = 1;
/** The handler's words are left out while this much is unsent: they must not eat its memory. */
const MAX_WORDS_BYTES = 1_048_576;
const MAX_LINES_A_TURN = 1000;
const PROGRESS_MS = 50;

export class ThreadOutbox {
  readonly #socket: Socket;
  /** Node shows a socket's descriptor only here; where it has none (Windows) the stream does it all. */
  #fd: number;
  #text = "";
  #progress = new Map<number, string>();
  #lines = 0;
  #flushedAt = 0;
  #isScheduled = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#fd = (socket as unknown as { _handle?: { fd?: number } })._handle?.fd ?? -1;
  }

  end(
    letter: wire.EndingLetter,
    json: string,
    id: number,
    startedAt: number,
    durationUs: number,
    now: number,
  ): void {
    if (this.#progress.size > 0) this.#tellProgress();
    this.#text += wire.encodeEnding(letter, json, id, startedAt, durationUs);
    if (now - this.#flushedAt > MAX_WAIT_MS) this.flush();
  }

  /** Not begun, and will not be, here. */
  drop(id: number, letter: typeof wire.DROPPED | typeof wire.UNKNOWN = wire.DROPPED): void {
    this.#text += `${letter}${id}${wire.END}`;
    this.flushSoon();
  }

  retire(): void {
    this.#text += `${wire.RETIRING}${wire.END}`;
  }

  /** Watchers see the latest: what came before it in the same turn is not sent. */
  progress(id: number, json: string): void {
    this.#progress.set(id, json);
    if (monoMs() - this.#flushedAt > PROGRESS_MS) this.flush();
    else this.flushSoon();
  }

  log(id: number, line: LogLine): void {
    if (++this.#lines > MAX_LINES_A_TURN || this.#socket.writableLength > MAX_WORDS_BYTES) return;
    this.#text += wire.encodeLog(id, line);
    if (monoMs() - this.#flushedAt > PROGRESS_MS) this.flush();
    else this.flushSoon();
  }

  flushSoon(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#lines = 0;
      this.flush();
    });
  }

  flush(): void {
    if (this.#progress.size > 0) this.#tellProgress();
    this.#flushedAt = monoMs();
    if (this.#text === "") return;
    const text = this.#text;
    this.#text = "";
    this.#send(Buffer.from(text));
  }

  /** What the kernel does not take now goes by the stream; then all goes there until it is empty, to keep the order. */
  #send(bytes: Buffer): void {
    let sent = 0;
    if (this.#fd >= 0 && this.#socket.writableLength === 0) {
      try {
        sent = writeSync(this.#fd, bytes);
      } catch (error) {
        // EPIPE and the like: the stream will find out, and close.
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") this.#fd = -1;
      }
    }
    if (sent < bytes.length) this.#socket.write(sent === 0 ? bytes : bytes.subarray(sent));
  }

  #tellProgress(): void {
    const at = Date.now();
    for (const [id, json] of this.#progress) this.#text += wire.encodeProgress(id, at, json);
    this.#progress.clear();
  }
}
