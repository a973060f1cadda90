/** Where the SQL is run: in this thread (in memory), or each side on a thread of its own (a file). */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { TaskEvent } from "../task/decide.ts";
import { TandaError } from "../task/errors.ts";
import { isLargeFinish } from "../task/finish-size.ts";
import { LargeWrites } from "./large-writes.ts";
import type { Answer } from "./sqlite-apply.ts";
import { toStoreError } from "./sqlite-errors.ts";
import type { SqliteReads } from "./sqlite-reads.ts";
import type { SqliteOptions } from "./sqlite-schema.ts";
import type { Reply, Request, ThreadData } from "./sqlite-thread.ts";
import { pack } from "./sqlite-wire.ts";
import type { SqliteWrites } from "./sqlite-writes.ts";

export type Method<T> = { [K in keyof T]: T[K] extends (...args: never[]) => unknown ? K : never }[keyof T];
type Args<T, K extends keyof T> = T[K] extends (...args: infer A) => unknown ? A : never;
type Result<T, K extends keyof T> = T[K] extends (...args: never[]) => infer R ? R : never;

/** One side of the store: `T` has the methods, wherever it lives. */
export interface Side<T> {
  call<K extends Method<T> & string>(op: K, ...args: Args<T, K>): Promise<Result<T, K>>;
  /** Its thread is gone: nothing more can be asked of it. */
  readonly isOver: boolean;
  close(): Promise<void>;
}

export interface WriteSide extends Side<SqliteWrites> {
  /** Null = null for each event. */
  apply(events: readonly TaskEvent[]): Promise<readonly Answer[] | null>;
}

/** Runs calls at once, in this thread. */
export class HereSide<T extends SqliteReads | SqliteWrites> implements Side<T> {
  readonly #target: T;
  readonly #close: () => void;
  readonly isOver = false;
  #isOpen = true;

  constructor(target: T, close: () => void) {
    this.#target = target;
    this.#close = close;
  }

  async call<K extends Method<T> & string>(op: K, ...args: Args<T, K>): Promise<Result<T, K>> {
    if (!this.#isOpen) throw closed();
    try {
      const method = this.#target[op] as (...args: Args<T, K>) => Result<T, K>;
      return method.apply(this.#target, args);
    } catch (error) {
      throw toStoreError(error);
    }
  }

  async close(): Promise<void> {
    if (this.#isOpen) this.#close();
    this.#isOpen = false;
  }
}

export class HereWriteSide extends HereSide<SqliteWrites> implements WriteSide {
  async apply(events: readonly TaskEvent[]): Promise<readonly Answer[]> {
    const [answer] = await this.call("applyAll", [events]);
    if (answer instanceof TandaError) throw answer;
    return answer!;
  }
}

/** All that a thread makes is over when it has answered; left alone, V8 takes 64 MiB for it and never gives it back. */
const YOUNG_MB = 12;

type Waiting = { resolve: (value: never) => void; reject: (error: TandaError) => void };

/** Sends calls to a thread. Calls of `apply` made in one turn of the event loop travel as one message. */
export class ThreadSide<T> implements Side<T> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #opened: Promise<void>;
  #lastId = 0;
  readonly #large = new LargeWrites((events) => this.#apply(events));
  #gathered: { ids: number[]; sizes: number[]; events: TaskEvent[] } | null = null;
  #ended: TandaError | null = null;
  #closing: Promise<void> | null = null;

  constructor(role: ThreadData["role"], options: SqliteOptions) {
    const entry = new URL(`./sqlite-thread${extname(import.meta.url)}`, import.meta.url);
    this.#worker = new Worker(entry, {
      workerData: { role, options } satisfies ThreadData,
      name: `tanda store ${role}`,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    this.#opened = this.#wait(0);
    this.#worker.on("message", (replies: readonly Reply[]) => {
      for (const [id, value, error] of replies) {
        const waiting = this.#waiting.get(id);
        this.#waiting.delete(id);
        if (error === null) waiting?.resolve(value as never);
        else waiting?.reject(TandaError.fromBody(error));
      }
    });
    this.#worker.on("error", (cause) => this.#end(unavailable("The store's thread died", cause)));
    this.#worker.on("exit", () => this.#end(closed()));
  }

  get isOver(): boolean {
    return this.#ended !== null;
  }

  /** Resolves when the thread has its database open; rejects, and ends the thread, when it cannot. */
  async opened(): Promise<void> {
    try {
      await this.#opened;
    } catch (error) {
      await this.#worker.terminate();
      throw error;
    }
  }

  call<K extends Method<T> & string>(op: K, ...args: Args<T, K>): Promise<Result<T, K>> {
    if (this.#closing || this.#ended) return Promise.reject(this.#ended ?? closed());
    return this.#send(op, args);
  }

  apply(events: readonly TaskEvent[]): Promise<readonly Answer[] | null> {
    if (this.#closing || this.#ended) return Promise.reject(this.#ended ?? closed());
    return this.#large.isEmpty && !events.some(isLargeFinish)
      ? this.#apply(events)
      : this.#applyApart(events);
  }

  #apply(events: readonly TaskEvent[]): Promise<readonly Answer[] | null> {
    if (this.#ended) return Promise.reject(this.#ended);
    if (this.#gathered === null) {
      this.#gathered = { ids: [], sizes: [], events: [] };
      queueMicrotask(() => this.#flush());
    }
    const id = ++this.#lastId;
    this.#gathered.ids.push(id);
    this.#gathered.sizes.push(events.length);
    for (const event of events) this.#gathered.events.push(event);
    return this.#wait(id);
  }

  /** Told when all of it is known. */
  async #applyApart(events: readonly TaskEvent[]): Promise<readonly Answer[]> {
    const small: TaskEvent[] = [];
    const large = events.map((event) => {
      if (this.#large.takes(event)) return this.#large.push(event);
      small.push(event);
      return null;
    });
    if (small.length > 0) this.#large.noteOthers();
    const ofSmall = small.length === 0 ? null : this.#apply(small);
    const parts = await Promise.allSettled([ofSmall, ...large].filter((part) => part !== null));
    const failed = parts.find((part) => part.status === "rejected");
    if (failed !== undefined) throw partly(failed.reason as TandaError, parts);
    const answers = await ofSmall;
    let at = 0;
    return Promise.all(large.map(async (answer) => (answer === null ? (answers?.[at++] ?? null) : answer)));
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#large.settled();
      if (this.#ended) return;
      const exited = new Promise<void>((resolve) => this.#worker.once("exit", () => resolve()));
      await this.#send("close", []);
      await exited;
    })();
    return this.#closing;
  }

  #send<R>(op: string, args: readonly unknown[]): Promise<R> {
    // What was applied before must be done before.
    this.#flush();
    const id = ++this.#lastId;
    this.#worker.postMessage({ id, op, args } satisfies Request, []);
    return this.#wait(id);
  }

  #flush(): void {
    const gathered = this.#gathered;
    this.#gathered = null;
    if (gathered === null || this.#ended) return;
    const { ids, sizes, events } = gathered;
    const packed = pack(events);
    this.#worker.postMessage({ ids, sizes, events: packed } satisfies Request, [packed.numbers.buffer]);
  }

  #wait<R>(id: number): Promise<R> {
    return new Promise<R>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  /** What was under way may or may not have been done: `unavailable` promises neither. */
  #end(error: TandaError): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }
}

/** `busy` says that nothing was kept. */
function partly(error: TandaError, parts: readonly PromiseSettledResult<unknown>[]): TandaError {
  const isPart = parts.some(({ status }) => status === "fulfilled");
  if (!isPart || error.code !== "busy") return error;
  return unavailable(`A part of it is written, the rest is not: ${error.message}`, error);
}

export function closed(): TandaError {
  return unavailable("The store is closed");
}

function unavailable(message: string, cause?: unknown): TandaError {
  return new TandaError("unavailable", message, { cause });
}
