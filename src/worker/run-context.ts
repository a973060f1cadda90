/** What a handler gets beside its payload. Made for every run, so what is seldom asked for is made when asked for. */
import { format } from "node:util";
import type { Readable } from "node:stream";
import type { Context } from "../actions/define.ts";
import type { Blobs } from "../blobs/blobs.ts";
import { TandaError } from "../task/errors.ts";
import type { LogLine } from "../task/task.ts";
import { toldJson } from "./told-json.ts";

/** Where a handler's words go. */
export interface RunSink {
  progress(json: string): void;
  log(level: LogLine["level"], text: string): void;
  openBlobs(): Promise<Blobs>;
}

const MAX_TEXT = 8192;

export class RunContext implements Context {
  readonly attempt: number;
  readonly #taskId: string;
  readonly #action: string;
  readonly #sink: RunSink;
  #controller: AbortController | null = null;
  #reason: Error | null = null;

  constructor(taskId: string, action: string, attempt: number, sink: RunSink) {
    this.attempt = attempt;
    this.#taskId = taskId;
    this.#action = action;
    this.#sink = sink;
  }

  get task(): Context["task"] {
    return { id: this.#taskId, action: this.#action };
  }

  /** A task keeps its id through all its attempts, also those after `tanda retry`. */
  get idempotencyKey(): string {
    return this.#taskId;
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#reason !== null) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** These three work taken out of the context too: `{ progress, log, blob }`. */
  get progress(): Context["progress"] {
    return (value) => this.#sink.progress(toldJson(value, "progress"));
  }

  get log(): Context["log"] {
    return (...words) => this.write("info", words);
  }

  get blob(): Context["blob"] {
    return async (bytes: Readable | Uint8Array | string, more?: { type?: string }) => {
      const blobs = await this.#sink.openBlobs();
      const put = await blobs.put(bytes, more);
      return { $blob: put.id, bytes: put.bytes };
    };
  }

  write(level: LogLine["level"], words: readonly unknown[]): void {
    const text = format(...words);
    this.#sink.log(level, text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text);
  }

  abort(reason: Error): void {
    this.#reason ??= reason;
    this.#controller?.abort(this.#reason);
  }
}

/** For a node, or a test, without blobs. */
export async function noBlobs(): Promise<never> {
  throw new TandaError("unavailable", "this node keeps no blobs");
}
