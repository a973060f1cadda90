/**
 * A small engine in memory for what gateways do: it runs tasks at once, or holds them until told.
 * It keeps the contract of src/engine/engine.ts as far as a client can see it; nothing is durable.
 */
import type {
  Access,
  Act,
  Engine,
  Health,
  Submission,
  Waiter,
  WatchFilter,
  WatchListener,
} from "../../src/engine/engine.ts";
import { Metrics } from "../../src/engine/metrics.ts";
import type {
  ActionView,
  HistoryWindow,
  ListFilter,
  QueueView,
  TaskView,
  WatchEvent,
  WorkerView,
} from "../../src/protocol/messages.ts";
import { Tokens } from "../../src/engine/tokens.ts";
import type { TokenWish } from "../../src/protocol/token-wish.ts";
import type { TokenRecord } from "../../src/task/access.ts";
import { MemoryAccess } from "./memory-access.ts";
import { createIdMaker } from "../../src/task/id.ts";
import { TandaError } from "../../src/task/errors.ts";
import { isFinal, type State } from "../../src/task/state.ts";
import { ACTIONS, NODE, STATS, WORKER } from "./fake-views.ts";
import { finalAnswer, view, type Row } from "./fake-task.ts";
import { MemoryBlobs } from "./memory-blobs.ts";

const INLINE_BYTES = 65_536;

export class FakeEngine implements Engine {
  readonly blobs = new MemoryBlobs();
  readonly metrics = new Metrics();
  readonly self = { node: 0, version: "0.0.0" };
  appetite = Infinity;
  health: Health = { state: "ready", reason: null };
  /** How many submissions came with each call. */
  readonly batches: number[] = [];
  readonly rows = new Map<string, Row>();
  readonly #byKey = new Map<string, Row>();
  readonly #modes = new Map<string, QueueView["mode"]>();
  readonly #listeners = new Set<{ filter: WatchFilter; listener: WatchListener }>();
  readonly #makeId = createIdMaker(1, Date.now, Math.random);
  #worker: WorkerView = WORKER;
  submitted = 0;
  readonly promised: string[] = [];

  submit(submissions: readonly Submission[], waiter: Waiter): void {
    this.batches.push(submissions.length);
    this.submitted += submissions.length;
    for (const submission of submissions) this.#submitOne(submission, waiter);
  }

  promise({ token, options }: Submission, waiter: Waiter): void {
    const row = this.#row(options!.task!);
    this.promised.push(row.id);
    const answer = isFinal(row.state)
      ? finalAnswer(row)
      : ({ status: "queued", task: row.id, isRepeat: false } as const);
    setImmediate(() => waiter.answer(token, answer));
  }

  #submitOne({ token, action, payload, options }: Submission, waiter: Waiter): void {
    const fail = (error: TandaError, task: string | null = null): void =>
      waiter.answer(token, { status: "failed", task, error: error.toBody() });
    if (!ACTIONS.has(action)) {
      return fail(
        new TandaError("unknown_action", `there is no action ${JSON.stringify(action)}`, {
          hint: "See the op `actions`.",
        }),
      );
    }
    const known =
      (options?.key && this.#byKey.get(options.key)) || (options?.task && this.rows.get(options.task));
    if (known) {
      if (known.action !== action || known.payload !== payload) {
        return fail(new TandaError("conflict", "taken by another request"), known.id);
      }
      return this.#answer(known, options?.wait !== false, true, waiter, token);
    }
    const delayed = options?.delay !== undefined;
    const row: Row = {
      id: options?.task ?? this.#makeId(),
      action,
      payload,
      queue: options?.queue ?? "default",
      key: options?.key ?? null,
      state: delayed ? "scheduled" : "queued",
      result: null,
      resultBlob: null,
      error: null,
      createdAt: Date.now(),
      dueAt: delayed ? Date.now() + 60_000 : null,
      waiters: [],
    };
    this.rows.set(row.id, row);
    if (row.key) this.#byKey.set(row.key, row);
    this.#answer(row, options?.wait !== false, false, waiter, token);
    if (!delayed) this.#run(row);
  }

  #answer(row: Row, waits: boolean, isRepeat: boolean, waiter: Waiter, token: unknown): void {
    if (!waits) {
      const status = row.dueAt === null ? "queued" : "scheduled";
      setImmediate(() => waiter.answer(token, { status, task: row.id, isRepeat }));
    } else if (isFinal(row.state)) waiter.answer(token, finalAnswer(row));
    else row.waiters.push({ waiter, token });
  }

  #run(row: Row): void {
    const payload = JSON.parse(row.payload) as unknown;
    const end = (result: unknown): void => void this.#done(row, JSON.stringify(result));
    switch (row.action) {
      case "hold":
        this.#become(row, "running");
        return;
      case "sleep":
        this.#become(row, "running");
        setTimeout(() => isFinal(row.state) || end(payload), Number(payload));
        return;
      case "fail":
        row.error = { code: "task_error", message: String(payload) };
        setImmediate(() => this.#become(row, "failed"));
        return;
      case "large":
        return end("x".repeat(Number(payload)));
      case "upper":
        return end(String(payload).toUpperCase());
      default:
        return end(payload);
    }
  }

  async #done(row: Row, result: string): Promise<void> {
    if (result.length > INLINE_BYTES)
      row.resultBlob = await this.blobs.put(result, { type: "application/json" });
    else row.result = result;
    setImmediate(() => this.#become(row, "done"));
  }

  /** Ends tasks of the action `hold`. */
  release(count = Infinity): void {
    for (const row of this.rows.values()) {
      if (row.action !== "hold" || row.state !== "running" || count-- <= 0) continue;
      row.result = row.payload;
      this.#become(row, "done");
    }
  }

  /** Tells watchers of a running task. */
  report(task: string, progress: unknown): void {
    this.#tell(
      this.rows.get(task)!,
      [{ type: "progress", at: Date.now(), task, attempt: 1, progress }],
      false,
    );
  }

  #become(row: Row, state: State): void {
    if (isFinal(row.state)) return;
    row.state = state;
    const event: WatchEvent = {
      type: "state",
      at: Date.now(),
      task: row.id,
      action: row.action,
      queue: row.queue,
      state,
      attempt: 1,
      view: view(row),
    };
    this.#tell(row, [event], isFinal(state));
    if (!isFinal(state)) return;
    this.metrics.countFinished(row.action, state, row.error?.code ?? "");
    this.metrics.observeRun(row.action, 0.002);
    for (const { waiter, token } of row.waiters.splice(0)) waiter.answer(token, finalAnswer(row));
  }

  #tell(row: Row, events: WatchEvent[], isLast: boolean): void {
    for (const one of this.#listeners) {
      const { filter } = one;
      const isWanted =
        (filter.task ?? row.id) === row.id &&
        (filter.action ?? row.action) === row.action &&
        (filter.queue ?? row.queue) === row.queue;
      if (isWanted) one.listener(events, isLast && filter.task !== undefined);
    }
  }

  async get(task: string): Promise<TaskView> {
    return view(this.#row(task));
  }
  async wait(task: string, token: unknown, waiter: Waiter): Promise<void> {
    this.#answer(this.#row(task), true, false, waiter, token);
  }
  leave(waiter: Waiter): void {
    for (const row of this.rows.values()) row.waiters = row.waiters.filter((one) => one.waiter !== waiter);
  }
  get waiting(): number {
    return [...this.rows.values()].reduce((sum, row) => sum + row.waiters.length, 0);
  }
  get watching(): number {
    return this.#listeners.size;
  }
  async list(filter: ListFilter): Promise<{ tasks: TaskView[]; next: string | null }> {
    const all = [...this.rows.values()].filter(
      (row) => (filter.state ?? row.state) === row.state && (filter.action ?? row.action) === row.action,
    );
    return { tasks: all.slice(0, filter.limit ?? 100).map(view), next: null };
  }
  async watch(filter: WatchFilter, listener: WatchListener): Promise<{ stop: () => void }> {
    const row = filter.task === undefined ? null : this.#row(filter.task);
    const one = { filter, listener };
    if (row && isFinal(row.state)) {
      listener(
        [
          {
            type: "state",
            at: 0,
            task: row.id,
            action: row.action,
            queue: row.queue,
            state: row.state,
            attempt: 1,
          },
        ],
        true,
      );
    } else this.#listeners.add(one);
    return { stop: () => void this.#listeners.delete(one) };
  }
  async cancel(task: string): Promise<TaskView> {
    const row = this.#row(task);
    if (isFinal(row.state)) throw new TandaError("conflict", `the task is ${row.state}`);
    this.#become(row, "cancelled");
    return view(row);
  }
  async retry(task: string): Promise<TaskView> {
    const row = this.#row(task);
    if (row.state === "done") throw new TandaError("conflict", "the task is done");
    row.state = "queued";
    return view(row);
  }
  async delete(task: string): Promise<{ task: string; deleted: true }> {
    if (!isFinal(this.#row(task).state)) throw new TandaError("conflict", "the task is not final");
    this.rows.delete(task);
    return { task, deleted: true };
  }
  async explain(task: string) {
    const { state } = this.#row(task);
    return {
      task,
      state,
      reason: isFinal(state) ? ("final" as const) : ("running" as const),
      text: `it is ${state}`,
    };
  }
  async pause(queue: string): Promise<QueueView> {
    return this.#setMode(queue, "paused");
  }
  async resume(queue: string): Promise<QueueView> {
    return this.#setMode(queue, "open");
  }
  async drain(queue: string): Promise<QueueView> {
    return this.#setMode(queue, "draining");
  }
  async purge(queue: string) {
    return { queue, cancelled: 0 };
  }
  async drainWorker(worker: string): Promise<WorkerView> {
    return this.#setWorker(worker, "draining");
  }
  async resumeWorker(worker: string): Promise<WorkerView> {
    return this.#setWorker(worker, "running");
  }
  async actions(): Promise<ActionView[]> {
    return [...ACTIONS].map(([action, input]) => ({
      action,
      queue: "default",
      priority: "normal",
      attempts: 1,
      timeoutMs: 300_000,
      isServed: true,
      perSecond: STATS.perSecond,
      last10m: { finished: 0, failed: 0, startDelayMs: { p50: 0, p99: 0 }, runMs: { p50: 0, p99: 0 } },
      input,
    }));
  }
  async queues(): Promise<QueueView[]> {
    return ["default", ...this.#modes.keys()].map((queue) => this.#queue(queue));
  }
  async workers(): Promise<WorkerView[]> {
    return [this.#worker];
  }
  async nodes() {
    return [NODE];
  }
  readonly #kept = new MemoryAccess();
  readonly #tokens = new Tokens({ store: this.#kept, now: Date.now, maxTokens: 1000 });
  /** By another process that shares the store. */
  createElsewhere(wish: TokenWish) {
    return new Tokens({ store: this.#kept, now: Date.now, maxTokens: 1000 }).create(wish);
  }
  readonly acts: Act[] = [];
  createToken(wish: TokenWish) {
    return this.#tokens.create(wish);
  }
  tokens() {
    return this.#tokens.all();
  }
  revokeToken(token: string) {
    return this.#tokens.revoke(token);
  }
  keepTokens(tokens: readonly TokenRecord[]) {
    return this.#tokens.keep(tokens);
  }
  async audit() {
    return { entries: [], next: null };
  }
  readonly access: Access = {
    token: (id) => this.#tokens.find(id),
    refresh: () => this.#tokens.refresh(),
    queueOf: () => "default",
    record: (act) => void this.acts.push(act),
    cancelled: () => undefined,
  };
  async history(window: HistoryWindow) {
    return { window, stepMs: 2000, points: [] };
  }
  async stats() {
    return STATS;
  }

  #setWorker(worker: string, state: WorkerView["state"]): WorkerView {
    if (worker !== this.#worker.worker) throw new TandaError("not_found", `there is no worker ${worker}`);
    return (this.#worker = { ...this.#worker, state });
  }
  #setMode(queue: string, mode: QueueView["mode"]): QueueView {
    this.#modes.set(queue, mode);
    return this.#queue(queue);
  }
  #queue(queue: string): QueueView {
    const { perSecond } = STATS;
    const mode = this.#modes.get(queue) ?? "open";
    return { queue, mode, counts: {}, waiting: 2, oldestAgeMs: 1500, perSecond };
  }
  #row(task: string): Row {
    const row = this.rows.get(task);
    if (!row) throw new TandaError("not_found", `there is no task ${task}`);
    return row;
  }
}
