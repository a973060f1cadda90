/**
 * A pool inside the caller's process, for tests of programs that use Tanda: starts in no time and leaves nothing. What it
 * cannot do is end a handler: at its deadline or a cancel the signal aborts and the run's ending is told, but code that does
 * not obey goes on, and `while (true) {}` holds the whole process.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtinActions } from "../actions/builtin.ts";
import { checkActions, type Action } from "../actions/check.ts";
import type { Blobs } from "../blobs/blobs.ts";
import type { ThreadView } from "../protocol/messages.ts";
import { TandaError } from "../task/errors.ts";
import type { ActionInfo } from "../task/task.ts";
import { MARK } from "./blob-handles.ts";
import { timedOut } from "./handler-error.ts";
import { perform, type Performed, type Tools } from "./perform.ts";
import type { Ending, Pool, Report, Run } from "./pool.ts";
import { noBlobs, RunContext } from "./run-context.ts";
import { RunMeans } from "./run-means.ts";

/** A result with more bytes goes to a blob, where there are blobs. */
const BLOB_OVER_BYTES = 65_536;
const LONGEST_TIMER_MS = 0x7fff_ffff;
const DEFAULT_AT_ONCE = 4;

export type InlinePoolOptions = {
  /** As a file of actions would export them by default; the built-in ones are there too. */
  readonly actions: object;
  /** How many runs of actions without `concurrency` go on at once, as threads would. Default 4. */
  readonly threads?: number | undefined;
  /** Null: large results stay in the ending, and handlers have no blobs. */
  readonly blobs?: Blobs | null | undefined;
};

type Active = {
  readonly run: Run;
  readonly context: RunContext;
  readonly startedAt: number;
  readonly began: number;
  timer: NodeJS.Timeout | null;
};

export function createInlinePool(options: InlinePoolOptions): Pool {
  return new InlinePool(options);
}

class InlinePool implements Pool {
  readonly pid = process.pid;
  readonly #options: InlinePoolOptions;
  readonly #threads: number;
  readonly #tools: Tools;
  readonly #means = new RunMeans();
  readonly #waiting = new Map<number, Run>();
  readonly #active = new Map<number, Active>();
  readonly #counts = new Map<string, number>();
  readonly #onEnd: ((endings: readonly Ending[]) => void)[] = [];
  readonly #onReport: ((reports: readonly Report[]) => void)[] = [];
  readonly #onFree: (() => void)[] = [];
  #actions: ReadonlyMap<string, Action> = new Map();
  #exclusive = 0;
  #endings: Ending[] = [];
  #reports: Report[] = [];
  #isScheduled = false;
  #isClosed = false;

  constructor(options: InlinePoolOptions) {
    this.#options = options;
    this.#threads = options.threads ?? DEFAULT_AT_ONCE;
    const { blobs } = options;
    this.#tools = {
      openBlobs: blobs ? () => Promise.resolve(blobs) : noBlobs,
      blobOverBytes: blobs ? BLOB_OVER_BYTES : null,
      filesDir: join(tmpdir(), `tanda-inline-${process.pid}`),
    };
  }

  async start(): Promise<readonly ActionInfo[]> {
    const actions = checkActions(builtinActions, "built-in");
    for (const [name, action] of checkActions(this.#options.actions, "actions")) actions.set(name, action);
    this.#actions = actions;
    return [...actions.values()].map(({ info }) => info);
  }

  room(name: string): number {
    const action = this.#actions.get(name);
    if (!action || this.#isClosed || this.#waiting.size > 0) return 0;
    return this.#free(action);
  }

  ahead(): number {
    return 0;
  }

  #free({ info: { name, concurrency } }: Action): number {
    const own = concurrency === null ? Infinity : concurrency - (this.#counts.get(name) ?? 0);
    const shared = isShared(concurrency, this.#threads) ? Infinity : this.#threads - this.#exclusive;
    return Math.max(0, Math.min(own, shared));
  }

  run(runs: readonly Run[]): void {
    for (const run of runs) this.#waiting.set(run.seq, run);
    this.#schedule();
  }

  /** Once a turn: begins what there is room for, tells what ended. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#turn();
    });
  }

  #turn(): void {
    for (const run of this.#waiting.values()) {
      const action = this.#actions.get(run.action);
      if (action && !this.#isClosed && this.#free(action) === 0) continue;
      this.#waiting.delete(run.seq);
      if (action && !this.#isClosed) this.#begin(run, action);
      else this.#push(run, Date.now(), { type: "returned" });
    }
    const reports = this.#reports;
    const endings = this.#endings;
    this.#reports = [];
    this.#endings = [];
    if (reports.length > 0) for (const listener of this.#onReport) listener(reports);
    if (endings.length === 0) return;
    for (const listener of this.#onEnd) listener(endings);
    for (const listener of this.#onFree) listener();
  }

  #begin(run: Run, action: Action): void {
    const { seq, attempt, payload, payloadBlob } = run;
    const startedAt = Date.now();
    const report = (more: Report): void => {
      if (this.#active.get(seq) !== active) return;
      this.#reports.push(more);
      this.#schedule();
    };
    const context = new RunContext(run.task, run.action, attempt, {
      progress: (json) => report({ seq, type: "progress", at: Date.now(), progress: json }),
      log: (level, text) => report({ seq, type: "log", line: { at: Date.now(), attempt, level, text } }),
      openBlobs: this.#tools.openBlobs,
    });
    const active: Active = { run, context, startedAt, began: performance.now(), timer: null };
    this.#active.set(seq, active);
    this.#counts.set(run.action, (this.#counts.get(run.action) ?? 0) + 1);
    if (!isShared(action.info.concurrency, this.#threads)) this.#exclusive++;
    const work = {
      payload: payloadBlob === null ? (JSON.parse(payload) as unknown) : null,
      payloadBlob,
      isMarked: payload.includes(MARK),
    };
    const performed = perform(action, work, context, this.#tools);
    if (!(performed instanceof Promise)) return this.#settle(active, performed);
    active.timer = setTimeout(
      () => {
        const error = timedOut(run.timeoutMs);
        context.abort(new TandaError("timed_out", error.message));
        this.#end(active, { type: "failed", error });
      },
      Math.min(run.timeoutMs, LONGEST_TIMER_MS),
    );
    void performed.then((ended) => this.#settle(active, ended));
  }

  #settle(active: Active, ended: Performed): void {
    if (ended.type === "done") this.#end(active, { type: "done", result: ended.json, resultBlob: null });
    else if (ended.type === "blob") this.#end(active, { type: "done", result: null, resultBlob: ended.blob });
    else this.#end(active, ended);
  }

  #end(active: Active, ending: EndingKind): void {
    const { run } = active;
    if (this.#active.get(run.seq) !== active) return;
    this.#active.delete(run.seq);
    if (active.timer) clearTimeout(active.timer);
    this.#counts.set(run.action, this.#counts.get(run.action)! - 1);
    if (!isShared(this.#actions.get(run.action)!.info.concurrency, this.#threads)) this.#exclusive--;
    this.#means.add(run.action, performance.now() - active.began);
    this.#push(run, active.startedAt, ending);
  }

  #push(run: Run, startedAt: number, ending: EndingKind): void {
    this.#endings.push({ seq: run.seq, startedAt, endedAt: Date.now(), ...ending });
    this.#schedule();
  }

  cancel(seq: number): void {
    const waiting = this.#waiting.get(seq);
    if (waiting) {
      this.#waiting.delete(seq);
      return this.#push(waiting, Date.now(), { type: "cancelled" });
    }
    const active = this.#active.get(seq);
    if (!active) return;
    active.context.abort(new TandaError("cancelled", "the task was cancelled"));
    this.#end(active, { type: "cancelled" });
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

  /** One, with all that goes on. */
  threads(): readonly ThreadView[] {
    const now = performance.now();
    const tasks = [...this.#active.values()].map(({ run, began }) => ({
      task: run.task,
      action: run.action,
      sinceMs: Math.round(now - began),
    }));
    return [{ thread: 0, state: tasks.length > 0 ? "busy" : "idle", tasks }];
  }

  async probe(): Promise<void> {}

  rssBytes(): number {
    return process.memoryUsage.rss();
  }

  meanMs(action: string): number | null {
    return this.#means.get(action);
  }

  /** The same object, checked anew. */
  reload(): Promise<readonly ActionInfo[]> {
    return this.start();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const active of this.#active.values()) {
      active.context.abort(new TandaError("unavailable", "the node is closing"));
      this.#end(active, { type: "returned" });
    }
    this.#turn();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

type EndingKind = Ending extends infer E
  ? E extends Ending
    ? Omit<E, "seq" | "startedAt" | "endedAt">
    : never
  : never;

function isShared(concurrency: number | null, threads: number): boolean {
  return concurrency !== null && concurrency > threads;
}
