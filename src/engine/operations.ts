/** What can be asked of tasks that exist, and of queues. */
import type { ListFilter, QueueView, TaskView } from "../protocol/messages.ts";
import { parseSince } from "../protocol/instants.ts";
import { checkName } from "../protocol/options.ts";
import type { ListQuery } from "../store/store.ts";
import { noSuchTask } from "../task/no-such-task.ts";
import type { TaskEvent } from "../task/decide.ts";
import { TandaError } from "../task/errors.ts";
import { isTaskId } from "../task/id.ts";
import { isFinal, isState, STATES } from "../task/state.ts";
import { newTask, PRIORITIES, type Task, type TaskSpec } from "../task/task.ts";
import type { WorkerFace } from "../worker/worker-face.ts";
import type { WatchFilter, WatchListener } from "./engine.ts";
import type { Intake } from "./intake.ts";
import type { Outcomes } from "./outcomes.ts";
import { type EngineParts } from "./parts.ts";
import { toBriefView, toView } from "./view.ts";

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;
/** A long page is read in slices, so that others have their turns in between. */
const SLICE_ROWS = 200;
const PURGE_ROWS = 1000;

export class Operations {
  readonly #parts: EngineParts;
  readonly #worker: WorkerFace;
  readonly #intake: Intake;
  readonly #outcomes: Outcomes;

  constructor(parts: EngineParts, worker: WorkerFace, intake: Intake, outcomes: Outcomes) {
    this.#parts = parts;
    this.#worker = worker;
    this.#intake = intake;
    this.#outcomes = outcomes;
  }

  async get(task: string): Promise<TaskView> {
    const row = await this.row(task);
    if (row.payloadBlob === null) return toView(row);
    const blob = await this.#parts.blobs.stat(row.payloadBlob).catch(() => null);
    return toView(row, blob?.bytes ?? 0);
  }

  /** The row, or what would be in it: a task that is only waited for may have none yet. @throws not_found */
  async row(task: string): Promise<Task> {
    checkId(task);
    const [stored] = await this.#parts.store.get([task]);
    const spec = this.#parts.flights.get(task)?.spec;
    const row = stored ?? (spec ? newTask(spec) : null);
    if (row === null) throw noSuchTask(task);
    const hand = this.#worker.handOf(task);
    if (hand === undefined || isFinal(row.state)) return row;
    return {
      ...row,
      state: "running",
      attempt: hand.message.attempt,
      startedAt: hand.handedAt,
      log: hand.log ? [...row.log, ...hand.log] : row.log,
      progress: hand.progress ?? row.progress,
    };
  }

  async list(filter: ListFilter): Promise<{ tasks: TaskView[]; next: string | null }> {
    const query = toQuery(filter, this.#parts.now());
    const tasks: TaskView[] = [];
    for (let { cursor } = query; ;) {
      const limit = Math.min(SLICE_ROWS, query.limit - tasks.length);
      const slice = await this.#parts.store.list({ ...query, cursor, limit });
      for (const row of slice.tasks) tasks.push(toBriefView(row));
      // A store ends a page early that has become long, or has taken long to find.
      const isShort = slice.tasks.length < limit;
      if (isShort || slice.next === null || tasks.length >= query.limit) return { tasks, next: slice.next };
      cursor = slice.next;
    }
  }

  async watch(filter: WatchFilter, listener: WatchListener): Promise<{ stop: () => void }> {
    const { watchers, now } = this.#parts;
    if (filter.task === undefined) return watchers.add(filter, listener);
    checkId(filter.task);
    // First listen, then look: an end in between is told by the one or the other.
    let isTold = false;
    const watching = watchers.add(filter, (events, isLast) => {
      isTold ||= isLast;
      listener(events, isLast);
    });
    try {
      const row = await this.row(filter.task);
      if (isTold) return watching;
      const { id, action, queue, state, attempt } = row;
      const view = toView(row);
      delete view.payload;
      const isLast = isFinal(state);
      if (isLast) watching.stop();
      listener([{ type: "state", at: now(), task: id, action, queue, state, attempt, view }], isLast);
      return watching;
    } catch (error) {
      watching.stop();
      throw error;
    }
  }

  async cancel(task: string): Promise<TaskView> {
    checkId(task);
    const spec = this.#parts.flights.get(task)?.spec ?? undefined;
    if (this.#worker.handOf(task) !== undefined || this.#worker.isInQuarantine(task)) {
      const ended = this.#whenFinal(task);
      this.#worker.cancel(task);
      await ended;
      const row = await this.row(task);
      if (row.state !== "cancelled") throw notAllowed(row, "cancelled");
      return toView(row);
    }
    const row = await this.#change({ type: "cancel", id: task, at: this.#parts.now(), spec }, "cancelled");
    this.#forget([task]);
    return toView(row);
  }

  async retry(task: string): Promise<TaskView> {
    checkId(task);
    return toView(await this.#change({ type: "retry", id: task, at: this.#parts.now() }, "tried again"));
  }

  async delete(task: string): Promise<{ task: string; deleted: true }> {
    checkId(task);
    const [applied] = await this.#parts.store.apply([{ type: "delete", id: task, at: this.#parts.now() }]);
    if (applied!.verdict === "not_found") throw noSuchTask(task);
    if (applied!.verdict === "conflict") await this.row(task);
    if (applied!.verdict === "refused") throw notAllowed(applied!.task!, "deleted");
    return { task, deleted: true };
  }

  async setQueue(queue: string, mode: QueueView["mode"]): Promise<void> {
    checkName(queue, "queue");
    await this.#parts.store.setQueue({ queue, mode });
    obeyQueueMode(this.#parts, queue, mode);
    await this.#parts.fleet?.queueChanged(queue);
  }

  /** Cancels all that waits in the queue; what runs goes on. */
  async purge(queue: string): Promise<{ queue: string; cancelled: number }> {
    checkName(queue, "queue");
    let cancelled = 0;
    for (const flight of this.#parts.flights) {
      if (flight.spec?.queue !== queue || flight.hasRow || this.#worker.handOf(flight.spec.id)) continue;
      cancelled += await this.#cancelWaiting([flight.spec], flight.spec);
    }
    for (let level = 0; level < PRIORITIES.length; level++) {
      let after: string | null = null;
      for (;;) {
        const rows: Task[] = await this.#parts.store.backlog(queue, level, after, PURGE_ROWS);
        cancelled += await this.#cancelWaiting(rows);
        if (rows.length < PURGE_ROWS) break;
        after = rows.at(-1)!.id;
      }
    }
    for (const state of ["scheduled", "retrying"] as const) {
      let cursor: string | undefined;
      do {
        const page = await this.#parts.store.list({ state, queue, cursor, limit: PURGE_ROWS });
        cancelled += await this.#cancelWaiting(page.tasks);
        cursor = page.next ?? undefined;
      } while (cursor !== undefined);
    }
    return { queue, cancelled };
  }

  /** @param spec of one that may have no row. */
  async #cancelWaiting(rows: readonly { id: string }[], spec?: TaskSpec): Promise<number> {
    const waiting = rows.filter(({ id }) => this.#worker.handOf(id) === undefined);
    if (waiting.length === 0) return 0;
    const at = this.#parts.now();
    const events = waiting.map(({ id }): TaskEvent => ({ type: "cancel", id, at, spec }));
    const cancelled: string[] = [];
    for (const { verdict, task } of await this.#parts.store.apply(events)) {
      if (verdict === "applied") cancelled.push(task!.id);
      if (task) this.#outcomes.follow(task, verdict === "applied");
    }
    this.#forget(cancelled);
    return cancelled.length;
  }

  /**
   * These were cancelled in the store: they need not run. Only after the store said so, or a task whose cancel failed would wait
   * for ever; so they may have been taken meanwhile.
   */
  #forget(tasks: readonly string[]): void {
    const removed = new Set(this.#parts.queue.remove(tasks));
    for (const task of tasks) if (!removed.has(task)) this.#worker.cancel(task, true);
    this.#parts.fleet?.cancelled(tasks);
  }

  async #change(event: TaskEvent, what: string): Promise<Task> {
    const [applied] = await this.#parts.store.apply([event]);
    const { verdict, task } = applied!;
    if (verdict === "not_found") throw noSuchTask(event.id);
    // Without a row it is one that cannot be read, and reading it says so.
    if (verdict === "conflict") return this.row(event.id);
    if (verdict === "refused") throw notAllowed(task!, what);
    this.#outcomes.follow(task!, verdict === "applied");
    return task!;
  }

  #whenFinal(task: string): Promise<void> {
    return new Promise((resolve) => this.#intake.wait(task, null, { answer: () => resolve() }));
  }
}

/** As the store says. */
export function obeyQueueMode(
  parts: Pick<EngineParts, "admission" | "queue">,
  queue: string,
  mode: QueueView["mode"],
): void {
  if (parts.admission.queueMode(queue) === mode) return;
  parts.admission.setQueueMode(queue, mode);
  if (mode === "paused") parts.queue.pause(queue);
  else parts.queue.resume(queue);
}

function checkId(task: unknown): asserts task is string {
  if (!isTaskId(task))
    throw new TandaError("bad_request", "`task` is not a task's id.", {
      hint: "Ids are UUIDv7 in lower case.",
    });
}

function notAllowed(row: Task, what: string): TandaError {
  const hint = isFinal(row.state) ? undefined : "Cancel it first, or wait for its end.";
  return new TandaError(
    "conflict",
    `The task is ${row.state}: it cannot be ${what}.`,
    hint === undefined ? {} : { hint },
  );
}

function toQuery(filter: ListFilter, now: number): ListQuery {
  const limit = filter.limit ?? DEFAULT_LIMIT;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw new TandaError("bad_request", `limit is a whole number from 1 to ${MAX_LIMIT}.`);
  }
  const { state, action, queue, owner, prefix, cursor } = filter;
  if (state !== undefined && !isState(state))
    throw new TandaError("bad_request", `state is one of ${STATES.join(", ")}.`);
  if (cursor !== undefined && !isTaskId(cursor)) {
    throw new TandaError("bad_request", "cursor is not one that `list` gave.", {
      hint: "Use `next` of the page before.",
    });
  }
  return {
    state,
    action,
    queue,
    owner,
    prefix,
    cursor,
    limit,
    since: filter.since === undefined ? undefined : parseSince(filter.since, now),
  };
}
