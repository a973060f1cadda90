/** A pool whose threads live in processes of their own: the contract's face of dispatcher (who runs what) and crews (where). */
import { join } from "node:path";
import type { ThreadView } from "../protocol/messages.ts";
import { TandaError } from "../task/errors.ts";
import type { ActionInfo } from "../task/task.ts";
import type { ObserverModule } from "./actions-observer.ts";
import type { BlobModule } from "./blob-options.ts";
import { Crews } from "./crews.ts";
import { Dispatcher } from "./dispatcher.ts";
import { killOverdue } from "./overdue.ts";
import { gone, type ChildSetup, type PoolOutput } from "./pool-child.ts";
import type { Ending, Pool, Report, Run } from "./pool.ts";
import { RunMeans } from "./run-means.ts";
import { ThreadListener } from "./thread-listener.ts";

/** A result with more bytes goes to a blob, where there are blobs. */
export const BLOB_OVER_BYTES = 65_536;
export const DEFAULT_MEMORY_MB = 512;
const GUARD_MS = 250;

export type ProcessPoolOptions = {
  readonly threads: number;
  /** TypeScript or JavaScript; null = built-in actions alone. */
  readonly actionsFile: string | null;
  /** A thread's share. Default 512. */
  readonly memoryMb?: number | undefined;
  /** Null: large results stay in the ending, and handlers have no blobs. */
  readonly blobs?: BlobModule | null | undefined;
  /** Looks on at the actions in their threads. Null, as nearly always: nobody does. */
  readonly observer?: ObserverModule | null | undefined;
  /** What the pool's processes print, and the pool's own words about them. */
  readonly onLog: (output: PoolOutput) => void;
  readonly execPath?: string | undefined;
  readonly execArgv?: readonly string[] | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
};

export function createProcessPool(options: ProcessPoolOptions): Pool {
  return new ProcessPool(options);
}

class ProcessPool implements Pool {
  readonly #options: ProcessPoolOptions;
  readonly #means = new RunMeans();
  readonly #dispatcher: Dispatcher;
  readonly #onEnd: ((endings: readonly Ending[]) => void)[] = [];
  readonly #onReport: ((reports: readonly Report[]) => void)[] = [];
  readonly #onFree: (() => void)[] = [];
  #listener: ThreadListener | null = null;
  #crews: Crews | null = null;
  #guard: NodeJS.Timeout | null = null;
  #reloading: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | null = null;

  constructor(options: ProcessPoolOptions) {
    this.#options = options;
    this.#dispatcher = new Dispatcher(this.#means, {
      ended: (endings) => this.#onEnd.forEach((listener) => listener(endings)),
      reported: (reports) => this.#onReport.forEach((listener) => listener(reports)),
      free: () => this.#onFree.forEach((listener) => listener()),
      retiring: (link) => this.#crews?.retireThread(link),
      settled: () => this.#crews?.dismissIdle(),
    });
  }

  async start(): Promise<readonly ActionInfo[]> {
    const listener = await ThreadListener.open((arrival) => this.#crews?.admit(arrival));
    if (this.#closing) {
      await listener[Symbol.asyncDispose]();
      throw new TandaError("unavailable", "the pool is closed");
    }
    this.#listener = listener;
    const { threads, onLog } = this.#options;
    const crews = new Crews(this.#setup(listener), threads, this.#dispatcher, onLog);
    this.#crews = crews;
    try {
      return await crews.renew();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  #setup(listener: ThreadListener): ChildSetup {
    const { execPath, execArgv, env, actionsFile, memoryMb, blobs, observer } = this.#options;
    return {
      execPath: execPath ?? process.execPath,
      execArgv: execArgv ?? [],
      env: env ?? process.env,
      settings: {
        socketPath: listener.path,
        token: listener.token,
        actionsFile,
        memoryMb: memoryMb ?? DEFAULT_MEMORY_MB,
        blobs: blobs ?? null,
        blobOverBytes: BLOB_OVER_BYTES,
        filesDir: join(listener.dir, "blobs"),
        observer: observer ?? null,
      },
    };
  }

  room(action: string): number {
    return this.#dispatcher.room(action);
  }

  ahead(action: string, ms: number): number {
    return this.#dispatcher.ahead(action, ms);
  }

  run(runs: readonly Run[]): void {
    if (this.#closing === null) this.#guard ??= setInterval(() => this.#look(), GUARD_MS).unref();
    this.#dispatcher.run(runs);
    if (this.#closing) this.#dispatcher.returnAll();
  }

  /** Goes on while anything is in hand. */
  #look(): void {
    const crews = [...(this.#crews ?? [])];
    killOverdue(crews, this.#dispatcher);
    if (this.#dispatcher.hasWaiting || crews.some(({ child }) => child.inHandCount > 0)) return;
    if (this.#guard) clearInterval(this.#guard);
    this.#guard = null;
  }

  cancel(seq: number): void {
    this.#dispatcher.cancel(seq);
  }

  onEnd(listener: (endings: readonly Ending[]) => void): void {
    this.#onEnd.push(listener);
  }

  onReport(listener: (reports: readonly Report[]) => void): void {
    this.#onReport.push(listener);
  }

  onFree(listener: () => void): void {
    this.#onFree.push(listener);
  }

  threads(): readonly ThreadView[] {
    return this.#crews?.current?.views() ?? [];
  }

  get pid(): number | null {
    return this.#crews?.current?.child.pid ?? null;
  }

  async probe(): Promise<void> {
    const child = this.#crews?.current?.child;
    if (!child) throw gone();
    await child.probe();
  }

  rssBytes(): number {
    let bytes = 0;
    for (const { child } of this.#crews ?? []) bytes += child.rssBytes;
    return bytes;
  }

  meanMs(action: string): number | null {
    return this.#means.get(action);
  }

  reload(): Promise<readonly ActionInfo[]> {
    const reloaded = this.#reloading.then(() => {
      if (this.#closing || !this.#crews) throw new TandaError("unavailable", "the pool is not running");
      return this.#crews.renew();
    });
    this.#reloading = reloaded.catch(() => {});
    return reloaded;
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#end());
  }

  async #end(): Promise<void> {
    if (this.#guard) clearInterval(this.#guard);
    await this.#crews?.close();
    await this.#listener?.[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
