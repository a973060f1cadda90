/**
 * A Caller over connections of lines. Every task is named here, so what was sent and not answered is sent again after a
 * reconnect, marked `again`, and each call ends once, with the recorded answer.
 */
import type { ErrorBody } from "../task/errors.ts";
import type { WatchEvent } from "../protocol/messages.ts";
import { parseDuration } from "../task/duration.ts";
import { TandaError } from "../task/errors.ts";
import { createIdMaker, MAX_NODE_TAG, type IdMaker } from "../task/id.ts";
import { isFinal } from "../task/state.ts";
import { sayOp, sayTask, sayWatch, type Call } from "./call.ts";
import type {
  AskOp,
  AskOptions,
  BlobAccess,
  Caller,
  CallOptions,
  OpArguments,
  Submitted,
  WatchFilter,
} from "./caller.ts";
import { EventQueue } from "./events.ts";
import { Fifo } from "./fifo.ts";
import { Link, type Hello, type LinkOptions } from "./link.ts";
import type { Soon } from "./transport.ts";

/** A node stops reading a connection at this much in flight; beyond it calls wait here. */
export const WINDOW = 1000;
const WINDOW_CHARACTERS = 8 * 2 ** 20;
/** Short ops pass when the window is full, as long as fewer than 100 wait. */
const OP_WINDOW = 90;
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 5000;
const CLOSE_WITHIN_MS = 1000;

export type RemoteOptions = LinkOptions & {
  readonly soon: Soon;
  readonly blobs: BlobAccess;
  readonly callTimeoutMs: number | null;
  readonly onConnection: ((state: "open" | "lost", reason: Error | null) => void) | undefined;
};

type Watch = { readonly line: string; readonly isOfOne: boolean; readonly queue: EventQueue };

export class RemoteCaller implements Caller {
  readonly blobs: BlobAccess;
  readonly #options: RemoteOptions;
  readonly #link: Link;
  /** Sent and not answered, in the order sent. Aborted ones stay until answered: the node still counts them. */
  readonly #sent = new Map<number, Call>();
  readonly #watches = new Map<number, Watch>();
  readonly #long = new Fifo<Call>();
  readonly #short = new Fifo<Call>();
  /** Refused for now; each comes back when its time is over. */
  readonly #resting = new Set<Call>();
  #longInFlight = 0;
  #shortInFlight = 0;
  #charactersInFlight = 0;
  /** Calls of users that are not over. */
  #open = 0;
  #lastId = 0;
  #makeId: IdMaker;
  #nodeTag = 0;
  #isPumpDue = false;
  #isClosed = false;
  #onIdle: (() => void)[] = [];

  constructor(options: RemoteOptions) {
    this.#options = options;
    this.blobs = options.blobs;
    this.#makeId = createIdMaker(0, options.now, options.random);
    this.#link = new Link(
      {
        up: (hello) => this.#up(hello),
        lines: (lines) => this.#read(lines),
        down: (reason) => this.#down(reason),
        failed: (error) => this.#failAll(error),
        isWaiting: () => this.#open > 0 || this.#watches.size > 0,
      },
      options,
    );
  }

  run(action: string, payload: unknown, options?: CallOptions): Promise<unknown> {
    return this.#start(() => sayTask("run", action, payload, options), options);
  }

  submit(action: string, payload: unknown, options?: CallOptions): Promise<Submitted> {
    return this.#start(() => sayTask("submit", action, payload, options), options) as Promise<Submitted>;
  }

  ask(op: AskOp, about?: OpArguments, options?: AskOptions): Promise<unknown> {
    return this.#start(() => sayOp(op, about), options);
  }

  watch(filter: WatchFilter, options: { signal?: AbortSignal } = {}): EventQueue {
    const { signal } = options;
    const id = ++this.#lastId;
    const onAbort = (): void => queue.fail(signal?.reason);
    const queue = new EventQueue(() => {
      signal?.removeEventListener("abort", onAbort);
      if (!this.#watches.delete(id)) return;
      if (this.#link.isUp) this.#link.send(`{"id":${++this.#lastId},"op":"unwatch","watch":${id}}\n`);
      this.#tellIdle();
    }, this.#options.now);
    if (this.#isClosed) queue.fail(closedError());
    else if (signal?.aborted) queue.fail(signal.reason);
    else {
      signal?.addEventListener("abort", onAbort, { once: true });
      const line = sayWatch(id, filter);
      this.#watches.set(id, { line, isOfOne: filter.task !== undefined, queue });
      if (this.#link.isUp) this.#link.send(line);
      else this.#link.start();
    }
    return queue;
  }

  open(): Promise<void> {
    return this.#isClosed ? Promise.reject(closedError()) : this.#link.open();
  }

  async close(options: { now?: boolean } = {}): Promise<void> {
    this.#isClosed = true;
    for (const watch of this.#watches.values()) watch.queue.end();
    if (options.now) this.#failAll(closedError());
    while (this.#open > 0) await new Promise<void>((resolve) => this.#onIdle.push(resolve));
    await this.#link.close(CLOSE_WITHIN_MS);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #start(say: () => Call, options: AskOptions | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      // What throws in here rejects.
      if (this.#isClosed) throw closedError();
      const signal = options?.signal;
      signal?.throwIfAborted();
      const call = say();
      call.id = ++this.#lastId;
      call.resolve = resolve;
      call.reject = reject;
      const limitMs =
        options?.callTimeout === undefined
          ? this.#options.callTimeoutMs
          : parseDuration(options.callTimeout, "callTimeout");
      if (signal || limitMs !== null) this.#limit(call, signal, limitMs);
      this.#open++;
      this.#enqueue(call);
    });
  }

  #limit(call: Call, signal: AbortSignal | undefined, limitMs: number | null): void {
    const onAbort = (): void => this.#abandon(call, signal!.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    const onTimeout = (): void => {
      const rest = call.task && !call.cancelOnAbort ? `; task ${call.task} goes on` : "";
      this.#abandon(call, new DOMException(`No answer within ${limitMs} ms${rest}.`, "TimeoutError"));
    };
    const timer = limitMs === null ? null : setTimeout(onTimeout, limitMs);
    call.release = () => {
      signal?.removeEventListener("abort", onAbort);
      if (timer !== null) clearTimeout(timer);
    };
  }

  /** The user no longer waits. The node may still work on it. */
  #abandon(call: Call, reason: unknown): void {
    if (call.state === "over") return;
    const task = call.cancelOnAbort ? call.task : null;
    this.#finish(call).reject(reason);
    // Nobody waits for the cancel either; it is repeated until it was heard.
    if (task && !this.#isClosed) this.ask("cancel", { task }).catch(() => undefined);
  }

  #finish(call: Call): Call {
    call.state = "over";
    call.release?.();
    if (call.restTimer !== null) clearTimeout(call.restTimer);
    this.#open--;
    if (this.#open === 0) this.#tellIdle();
    return call;
  }

  #tellIdle(): void {
    const waiting = this.#onIdle;
    this.#onIdle = [];
    for (const tell of waiting) tell();
  }

  #enqueue(call: Call): void {
    call.state = "backlog";
    (call.isLong ? this.#long : this.#short).push(call);
    if (!this.#link.isUp) this.#link.start();
    else this.#pumpSoon();
  }

  #pumpSoon(): void {
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    this.#options.soon(() => {
      this.#isPumpDue = false;
      this.#pump();
    });
  }

  /** Sends what fits in the windows, all in one write. */
  #pump(): void {
    if (!this.#link.isUp) return;
    const pieces: string[] = [];
    while (this.#short.size > 0 && this.#shortInFlight < OP_WINDOW) this.#take(this.#short, pieces);
    while (
      this.#long.size > 0 &&
      this.#longInFlight < WINDOW &&
      (this.#charactersInFlight < WINDOW_CHARACTERS || this.#longInFlight === 0)
    ) {
      this.#take(this.#long, pieces);
    }
    if (pieces.length > 0) this.#link.send(pieces.join(""));
  }

  #take(from: Fifo<Call>, pieces: string[]): void {
    const call = from.shift()!;
    if (call.state === "over") return;
    call.task ??= this.#makeId();
    call.state = "sent";
    this.#count(call, 1);
    this.#sent.set(call.id, call);
    call.say(pieces);
  }

  #count(call: Call, by: 1 | -1): void {
    if (call.isLong) this.#longInFlight += by;
    else this.#shortInFlight += by;
    this.#charactersInFlight += by * call.size;
  }

  #up(hello: Hello): void {
    const { node } = hello;
    if (Number.isInteger(node) && node !== this.#nodeTag && node! >= 0 && node! <= MAX_NODE_TAG) {
      this.#nodeTag = node!;
      this.#makeId = createIdMaker(node!, this.#options.now, this.#options.random);
    }
    const pieces: string[] = [];
    for (const watch of this.#watches.values()) pieces.push(watch.line);
    for (const call of this.#sent.values()) call.say(pieces);
    if (pieces.length > 0) this.#link.send(pieces.join(""));
    this.#pump();
    this.#options.onConnection?.("open", null);
  }

  #down(reason: Error): void {
    for (const call of this.#sent.values()) {
      if (call.state !== "over" && call.isRepeatable) {
        call.isAgain = true;
        continue;
      }
      this.#sent.delete(call.id);
      this.#count(call, -1);
      if (call.state === "over") continue;
      this.#finish(call).reject(
        new TandaError("unavailable", `The connection was lost before the answer: ${reason.message}`, {
          hint: "It may have been done; look before you ask again.",
          cause: reason,
        }),
      );
    }
    this.#options.onConnection?.("lost", reason);
  }

  #failAll(error: TandaError): void {
    const calls = [...this.#sent.values()];
    this.#sent.clear();
    for (const call of calls) this.#count(call, -1);
    for (const fifo of [this.#short, this.#long]) {
      for (let call = fifo.shift(); call; call = fifo.shift()) calls.push(call);
    }
    for (const call of [...calls, ...this.#resting]) {
      if (call.state !== "over") this.#finish(call).reject(error);
    }
    this.#resting.clear();
    for (const watch of this.#watches.values()) watch.queue.fail(error);
  }

  #read(lines: readonly string[]): void {
    for (const line of lines) {
      const reply = parseReply(line);
      if (reply === null) {
        this.#link.drop("it sent a line that is no answer");
        return;
      }
      const id = reply.id as number;
      const call = this.#sent.get(id);
      if (call === undefined) {
        const watch = this.#watches.get(id);
        if (watch) this.#tell(watch, reply);
        continue;
      }
      this.#sent.delete(id);
      this.#count(call, -1);
      if (call.state !== "over") this.#answer(call, reply);
    }
    if (this.#long.size > 0 || this.#short.size > 0) this.#pumpSoon();
  }

  #answer(call: Call, reply: WireReply): void {
    switch (reply.status) {
      case "done":
        this.#link.praise();
        this.#finish(call).resolve(
          call.kind === "submit" ? { task: reply.task ?? call.task, status: "done" } : reply.result.data,
        );
        return;
      case "queued":
      case "scheduled":
        this.#link.praise();
        this.#finish(call).resolve({ task: reply.task, status: reply.status });
        return;
      case "ok":
        this.#link.praise();
        this.#finish(call).resolve(reply.data);
        return;
      case "failed":
        this.#refused(call, reply.result.error);
        return;
      default:
        this.#finish(call).reject(new TandaError("internal", "The node gave an answer of an unknown kind."));
    }
  }

  #refused(call: Call, error: ErrorBody): void {
    if (error.code !== "busy" && error.code !== "unavailable") {
      this.#finish(call).reject(TandaError.fromBody(error));
      return;
    }
    // `busy` accepted nothing; after `unavailable` it may have been accepted all the same.
    if (error.code === "unavailable") call.isAgain = true;
    const delayMs =
      error.retryAfterMs ?? Math.min(FIRST_RETRY_MS * 2 ** Math.min(call.tries++, 20), LONGEST_RETRY_MS);
    call.state = "resting";
    this.#resting.add(call);
    call.restTimer = setTimeout(
      () => {
        this.#resting.delete(call);
        call.restTimer = null;
        if (call.state === "resting") this.#enqueue(call);
      },
      delayMs * (1 + this.#options.random() / 2),
    );
  }

  #tell(watch: Watch, reply: WireReply): void {
    if (reply.status === "failed") watch.queue.fail(TandaError.fromBody(reply.result.error));
    if (reply.status !== "event") return;
    watch.queue.push(reply.data);
    if (watch.isOfOne && reply.data.type === "state" && isFinal(reply.data.state)) watch.queue.end();
  }
}

type WireReply = { id?: unknown; task?: string } & (
  | { status: "done"; result: { data: unknown } }
  | { status: "failed"; result: { error: ErrorBody } }
  | { status: "queued" | "scheduled" }
  | { status: "ok"; data: unknown }
  | { status: "event"; data: WatchEvent }
);

/** @returns null when the other side does not speak Tanda. */
function parseReply(line: string): WireReply | null {
  let reply: WireReply | null;
  try {
    reply = JSON.parse(line) as WireReply | null;
  } catch {
    return null;
  }
  if (typeof reply !== "object" || reply === null) return null;
  if (reply.status === "done" || reply.status === "failed") {
    const result = (reply as { result?: { error?: unknown } }).result;
    if (!result || (reply.status === "failed" && !result.error)) return null;
  }
  return reply;
}

function closedError(): TandaError {
  return new TandaError("unavailable", "This client was closed.");
}
