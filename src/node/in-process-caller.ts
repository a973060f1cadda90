/** A client's calls, brought to the engine of the same process: no socket, no lines, the same answers. */
import { Readable } from "node:stream";
import type {
  AskOp,
  AskOptions,
  BlobAccess,
  Caller,
  CallOptions,
  EventStream,
  OpArguments,
  Submitted,
  WatchFilter,
} from "../client/caller.ts";
import type { Answer, Engine, Waiter } from "../engine/engine.ts";
import { toJson } from "../client/call.ts";
import type { PingView, SubmitOptions } from "../protocol/messages.ts";
import { checkHistoryWindow } from "../protocol/op-fields.ts";
import { checkOptions } from "../protocol/options.ts";
import { checkWish } from "../protocol/scopes.ts";
import { parseDuration } from "../task/duration.ts";
import { TandaError } from "../task/errors.ts";
import { EventQueue } from "./event-queue.ts";

const DEFAULT_RETRY_MS = 100;
/** A timer that is given more goes off at once. */
const LONGEST_TIMER_MS = 0x7fff_ffff;

export class InProcessCaller implements Caller {
  readonly blobs: BlobAccess;
  readonly #engine: Engine;
  readonly #underWay = new Set<Promise<unknown>>();
  #isClosed = false;

  readonly #makeId: () => string;

  constructor(engine: Engine, makeId: () => string) {
    this.#engine = engine;
    this.#makeId = makeId;
    this.blobs = {
      put: async (bytes, more = {}) => {
        const body = bytes instanceof Blob ? Readable.fromWeb(bytes.stream() as never) : bytes;
        const source = body instanceof ReadableStream ? Readable.fromWeb(body as never) : body;
        const { id, bytes: size } = await engine.blobs.put(source, { type: more.type });
        return { $blob: id, bytes: size };
      },
      get: async (blob) =>
        Readable.toWeb(await engine.blobs.open(typeof blob === "string" ? blob : blob.$blob)) as never,
    };
  }

  async run(action: string, payload: unknown, options: CallOptions = {}): Promise<unknown> {
    return this.#result(await this.#submit(action, payload, options, true));
  }

  async submit(action: string, payload: unknown, options: CallOptions = {}): Promise<Submitted> {
    const answer = await this.#submit(action, payload, options, false);
    if (answer.status === "failed") throw TandaError.fromBody(answer.error);
    return { task: answer.task, status: answer.status };
  }

  async ask(op: AskOp, about: OpArguments = {}, options: AskOptions = {}): Promise<unknown> {
    const engine = this.#engine;
    const { task = "", queue = "", worker = "" } = about;
    if (op === "wait") {
      const asked = (waiter: Waiter): Promise<void> => engine.wait(task, null, waiter);
      return this.#result(await this.#within(asked, options, task, false));
    }
    switch (op) {
      case "get":
      case "cancel":
      case "retry":
      case "delete":
      case "explain":
        return engine[op](task);
      case "pause":
      case "resume":
      case "drain":
      case "purge":
        return engine[op](queue);
      case "drain_worker":
        return engine.drainWorker(worker);
      case "resume_worker":
        return engine.resumeWorker(worker);
      case "list":
        return engine.list(about);
      case "history":
        return engine.history(checkHistoryWindow(about.window));
      case "create_token":
        return engine.createToken(checkWish(about));
      case "revoke_token":
        return engine.revokeToken(about.token ?? "");
      case "keep_tokens":
        return engine.keepTokens(about.tokens ?? []);
      case "audit":
        return engine.audit(about);
      case "ping":
        return this.#ping();
      default:
        return engine[op]();
    }
  }

  watch(filter: WatchFilter, options: { signal?: AbortSignal } = {}): EventStream {
    const events = new EventQueue();
    this.#engine
      .watch(filter, (batch, isLast) => {
        for (const event of batch) events.push(event);
        if (isLast) events.end();
      })
      .then(
        (watching) => events.onEnd(watching.stop),
        (error: unknown) => events.fail(error),
      );
    options.signal?.addEventListener("abort", () => events.fail(options.signal?.reason), { once: true });
    return events;
  }

  async open(): Promise<void> {}

  async close(options: { now?: boolean } = {}): Promise<void> {
    this.#isClosed = true;
    if (!options.now) await Promise.allSettled(this.#underWay);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #ping(): PingView {
    const { state, reason } = this.#engine.health;
    return { ...this.#engine.self, state, at: Date.now(), ...(reason === null ? {} : { reason }) };
  }

  async #submit(action: string, payload: unknown, options: CallOptions, wait: boolean): Promise<Answer> {
    const { signal, callTimeout, cancelOnAbort = false, runAt, ...rest } = options;
    const asked: SubmitOptions = rest;
    if (!wait) asked.wait = false;
    if (runAt !== undefined) asked.runAt = runAt instanceof Date ? runAt.getTime() : runAt;
    if (cancelOnAbort) asked.task ??= this.#makeId();
    const isBare = wait && Object.keys(asked).length === 0;
    const submission = {
      token: null,
      action,
      payload: payload === undefined ? "null" : toJson(payload),
      options: isBare ? null : checkOptions(asked),
    };
    const until =
      callTimeout === undefined ? Infinity : performance.now() + parseDuration(callTimeout, "callTimeout");
    for (;;) {
      const answer = await this.#within(
        async (waiter) => this.#engine.submit([submission], waiter),
        { ...(signal ? { signal } : {}), ...(callTimeout === undefined ? {} : { callTimeout }) },
        asked.task ?? null,
        cancelOnAbort,
      );
      if (answer.status !== "failed" || answer.error.code !== "busy") return answer;
      const waitMs = answer.error.retryAfterMs ?? DEFAULT_RETRY_MS;
      if (performance.now() + waitMs > until) return answer;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }

  /** One answer, or the abort, or the end of time. */
  #within(
    ask: (waiter: Waiter) => Promise<void>,
    options: AskOptions,
    task: string | null,
    cancelOnAbort: boolean,
  ): Promise<Answer> {
    if (this.#isClosed) return Promise.reject(new TandaError("unavailable", "This client is closed."));
    options.signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const waiter: Waiter = { answer: (_token, answer) => resolve(answer) };
    const giveUp = (reason: unknown): void => {
      this.#engine.leave(waiter);
      if (cancelOnAbort && task !== null) this.#engine.cancel(task).catch(() => {});
      reject(reason);
    };
    const onAbort = (): void => giveUp(options.signal?.reason);
    options.signal?.addEventListener("abort", onAbort, { once: true });
    const timer =
      options.callTimeout === undefined
        ? undefined
        : setTimeout(
            () => giveUp(new DOMException("The call took too long; the task goes on.", "TimeoutError")),
            Math.min(parseDuration(options.callTimeout, "callTimeout"), LONGEST_TIMER_MS),
          );
    ask(waiter).catch(reject);
    this.#underWay.add(promise);
    const settled = (): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", onAbort);
      this.#underWay.delete(promise);
    };
    promise.then(settled, settled);
    return promise;
  }

  async #result(answer: Answer): Promise<unknown> {
    if (answer.status === "failed") throw TandaError.fromBody(answer.error);
    if (answer.status !== "done") throw new TandaError("internal", `The task is ${answer.status}.`);
    if (answer.result !== null) return JSON.parse(answer.result);
    const chunks: Buffer[] = [];
    for await (const chunk of await this.#engine.blobs.open(answer.resultBlob!.id))
      chunks.push(chunk as Buffer);
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  }
}
