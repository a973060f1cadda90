/**
 * A Caller over connections of lines. Every task is named here, so what was sent and not answered is sent again after a
 * reconnect, marked `again`, and each call ends once, with the recorded answer.
 */
import type { ErrorBody } from "../task/errors.ts";
import { parseDuration } from "../task/duration.ts";
import { TandaError } from "../task/errors.ts";
import { createIdMaker, MAX_NODE_TAG, type IdMaker } from "../task/id.ts";
import { parseAnswer, type Answer } from "./answer.ts";
import { longestOf, sayOp, sayTask, type Call } from "./call.ts";
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
import { limitCall } from "./call-limit.ts";
import type { EventQueue } from "./events.ts";
import type { Hello } from "./greeting.ts";
import { Link, type LinkOptions } from "./link.ts";
import { Outbox } from "./outbox.ts";
import type { Soon } from "./transport.ts";
import { unansweredError } from "./unreachable.ts";
import { Watches } from "./watches.ts";

const CLOSE_WITHIN_MS = 1000;

export type RemoteOptions = LinkOptions & {
  readonly soon: Soon;
  readonly blobs: BlobAccess;
  readonly callTimeoutMs: number | null;
  readonly onConnection: ((state: "open" | "lost", reason: Error | null) => void) | undefined;
  readonly onRefusal: ((refusal: TandaError | null) => void) | undefined;
};

export class RemoteCaller implements Caller {
  readonly blobs: BlobAccess;
  readonly #options: RemoteOptions;
  readonly #link: Link;
  /** Sent and not answered, in the order sent. Aborted ones stay until answered: the node still counts them. */
  readonly #sent = new Map<number, Call>();
  readonly #watches: Watches;
  readonly #outbox = new Outbox();
  /** Refused for now; each comes back when its time is over. */
  readonly #resting = new Set<Call>();
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
    this.#watches = new Watches(options.now);
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
    const id = ++this.#lastId;
    const queue = this.#watches.add(id, filter, options.signal, () => {
      if (this.#link.isUp) this.#link.send(`{"id":${++this.#lastId},"op":"unwatch","watch":${id}}\n`);
    });
    if (this.#isClosed) queue.fail(closedError());
    else if (this.#link.isUp) this.#link.send(this.#watches.line(id));
    else this.#link.start();
    return queue;
  }

  open(): Promise<void> {
    return this.#isClosed ? Promise.reject(closedError()) : this.#link.open();
  }

  async close(options: { now?: boolean } = {}): Promise<void> {
    this.#isClosed = true;
    this.#watches.endAll();
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
      if (signal || limitMs !== null) {
        limitCall(call, signal, limitMs, (reason) => this.#abandon(call, reason));
      }
      this.#open++;
      this.#enqueue(call);
    });
  }

  /** The user no longer waits. The node may still work on it. */
  #abandon(call: Call, reason: unknown): void {
    if (call.state === "over") return;
    // No node has answered it.
    call.tries = 0;
    const task = call.cancelOnAbort ? call.task : null;
    this.#finish(call).reject(reason);
    // Nobody waits for the cancel either; it is repeated until it was heard.
    if (task && !this.#isClosed) this.ask("cancel", { task }).catch(() => undefined);
  }

  #finish(call: Call): Call {
    call.state = "over";
    call.release?.();
    if (call.restTimer !== null) clearTimeout(call.restTimer);
    if (call.tries > 0) this.#options.onRefusal?.(null);
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
    this.#outbox.push(call);
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
    for (let call = this.#outbox.next(); call !== null; call = this.#outbox.next()) {
      call.task ??= this.#makeId();
      call.state = "sent";
      this.#sent.set(call.id, call);
      call.say(pieces);
    }
    if (pieces.length > 0) this.#link.send(pieces.join(""));
  }

  #up(hello: Hello): void {
    const { node } = hello;
    const isTag = typeof node === "number" && Number.isInteger(node) && node >= 0 && node <= MAX_NODE_TAG;
    if (isTag && node !== this.#nodeTag) {
      this.#nodeTag = node;
      this.#makeId = createIdMaker(node, this.#options.now, this.#options.random);
    }
    const pieces = this.#watches.lines();
    for (const call of this.#sent.values()) call.say(pieces);
    if (pieces.length > 0) this.#link.send(pieces.join(""));
    this.#pump();
    this.#options.onConnection?.("open", null);
  }

  #down(reason: Error): void {
    // One line was too long, so the longest was; sent again, it would end every connection.
    const isTooLarge = reason instanceof TandaError && reason.code === "too_large";
    const refused = isTooLarge ? longestOf(this.#sent.values()) : null;
    for (const call of this.#sent.values()) {
      if (call.state !== "over" && call.isRepeatable && call !== refused) {
        call.isAgain = true;
        continue;
      }
      this.#sent.delete(call.id);
      this.#outbox.landed(call);
      if (call.state === "over") continue;
      this.#finish(call).reject(call === refused ? reason : unansweredError(reason));
    }
    this.#options.onConnection?.("lost", reason);
  }

  #failAll(error: TandaError): void {
    for (const call of this.#sent.values()) this.#outbox.landed(call);
    const calls = [...this.#sent.values(), ...this.#outbox.takeAll(), ...this.#resting];
    this.#sent.clear();
    this.#resting.clear();
    for (const call of calls) if (call.state !== "over") this.#finish(call).reject(error);
    this.#watches.failAll(error);
  }

  #read(lines: readonly string[]): void {
    for (const line of lines) {
      const reply = parseAnswer(line);
      if (reply === null) {
        this.#link.drop("it sent a line that is no answer");
        return;
      }
      const id = reply.id as number;
      const call = this.#sent.get(id);
      if (call === undefined) {
        this.#watches.tell(id, reply);
        continue;
      }
      this.#sent.delete(id);
      this.#outbox.landed(call);
      if (call.state !== "over") this.#answer(call, reply);
    }
    if (!this.#outbox.isEmpty) this.#pumpSoon();
  }

  #answer(call: Call, reply: Answer): void {
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
        this.#finish(call).reject(new TandaError("internal", "The node answered with an event."));
    }
  }

  #refused(call: Call, error: ErrorBody): void {
    if (error.code !== "busy" && error.code !== "unavailable") {
      this.#finish(call).reject(TandaError.fromBody(error));
      return;
    }
    // `busy` accepted nothing; after `unavailable` it may have been accepted all the same.
    if (error.code === "unavailable") call.isAgain = true;
    call.state = "resting";
    this.#resting.add(call);
    const comeBack = (): void => {
      this.#resting.delete(call);
      call.restTimer = null;
      if (call.state === "resting") this.#enqueue(call);
    };
    call.restTimer = setTimeout(comeBack, call.restMs(error.retryAfterMs, this.#options.random()));
    this.#options.onRefusal?.(TandaError.fromBody(error));
  }
}

function closedError(): TandaError {
  return new TandaError("unavailable", "This client was closed.");
}
