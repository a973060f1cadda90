/**
 * What stands behind a typed client: somebody who brings requests to a node and answers back.
 * `remote.ts` does it over connections of lines; a node in the same process does it by calling its engine.
 *
 * - Every promise settles exactly once. A refusal or a failed task rejects with a TandaError that carries the code.
 * - `options` are checked by the node; what is the client's own (`signal`, `callTimeout`, `cancelOnAbort`) is obeyed here:
 *   an abort rejects with the signal's reason, a call that takes too long with a DOMException named TimeoutError,
 *   and the task goes on unless `cancelOnAbort`.
 * - `busy` and `unavailable` are tried again by the caller, never handed to the user while there is time left.
 */
import type { HistoryWindow, ListFilter, Op, SubmitOptions, WatchEvent } from "../protocol/messages.ts";
import type { TokenWish } from "../protocol/token-wish.ts";
import type { TokenRecord } from "../task/access.ts";
import type { Duration } from "../task/duration.ts";

export interface Caller extends AsyncDisposable {
  /** Answers with the result when the task is final. */
  run(action: string, payload: unknown, options?: CallOptions): Promise<unknown>;
  /** Answers when the task is durable. */
  submit(action: string, payload: unknown, options?: CallOptions): Promise<Submitted>;
  /** `wait` answers with the task's result, every other op with its data. */
  ask(op: AskOp, about?: OpArguments, options?: AskOptions): Promise<unknown>;
  /** Of one task it ends by itself after the final state. Ends the subscription when the loop is left. */
  watch(filter: WatchFilter, options?: { signal?: AbortSignal }): EventStream;
  readonly blobs: BlobAccess;
  /** Connects now rather than at the first call. Rejects when every address refused once. */
  open(): Promise<void>;
  /** Takes no more calls, waits for those that are under way (unless `now`), then lets go of everything. */
  close(options?: { now?: boolean }): Promise<void>;
}

export type CallOptions = Omit<SubmitOptions, "wait" | "again" | "runAt"> & {
  runAt?: Date | number | string;
} & AskOptions & {
    /** The task too is cancelled when the call is aborted or takes too long. */
    cancelOnAbort?: boolean;
  };

export type AskOptions = {
  signal?: AbortSignal;
  /** How long this call may take, retries and reconnects included. The task's own limit is `timeout`. */
  callTimeout?: Duration;
};

export type AskOp = Exclude<Op, "watch" | "unwatch" | "auth" | "node">;
export type OpArguments = {
  task?: string;
  queue?: string;
  worker?: string;
  window?: HistoryWindow;
  local?: boolean;
  token?: string;
  tokens?: readonly TokenRecord[];
} & ListFilter &
  TokenWish;
export type WatchFilter = { task?: string; action?: string; queue?: string; owner?: string; local?: boolean };

/** `status` is of the moment of the answer: a repeat of a finished task may be `done` at once. */
export type Submitted = { task: string; status: "queued" | "scheduled" | "done" };

export interface EventStream extends AsyncIterableIterator<WatchEvent, undefined, undefined> {
  return(): Promise<IteratorResult<WatchEvent, undefined>>;
}

export interface BlobAccess {
  /** Keeps bytes beside the store; put what it answers into a payload. Streams, but in browsers, which gather a stream first. */
  put(
    bytes: Uint8Array | string | Blob | ReadableStream<Uint8Array>,
    more?: { type?: string; signal?: AbortSignal },
  ): Promise<{ $blob: string; bytes: number }>;
  get(blob: string | { $blob: string }, more?: { signal?: AbortSignal }): Promise<ReadableStream<Uint8Array>>;
}
