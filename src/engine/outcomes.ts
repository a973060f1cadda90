/**
 * What follows from what was recorded: who waits is answered from the row, watchers are told, the next attempt is arranged.
 * Everything here comes after the row is durable.
 */
import type { Message } from "../queue/queue.ts";
import type { Applied } from "../store/store.ts";
import type { TaskEvent } from "../task/decide.ts";
import { isFinal } from "../task/state.ts";
import { isSameRequest, newTask, type Task } from "../task/task.ts";
import type { Hand } from "../worker/hands.ts";
import type { Report } from "../worker/pool.ts";
import type { WorkerObserver } from "../worker/worker-options.ts";
import { conflictAnswer } from "./conflict-answer.ts";
import { answerOf, republished, type EngineParts } from "./parts.ts";
import { aboutOf, emitEnd, emitState } from "./state-events.ts";

type FinishEvent = Extract<TaskEvent, { type: "finish" }>;
type DoneOutcome = Extract<FinishEvent["outcome"], { type: "done" }>;

export class Outcomes implements WorkerObserver {
  readonly #parts: EngineParts;

  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  started(hands: readonly Hand[]): void {
    const { metrics, recent, watchers } = this.#parts;
    for (const { message, handedAt } of hands) {
      const { spec } = message;
      const delay = Math.max(0, handedAt - (spec.dueAt ?? spec.createdAt)) / 1000;
      metrics.observeStartDelay(spec.action, delay);
      recent.startDelay.observe(delay);
      if (watchers.isAny)
        emitState(this.#parts, { ...newTask(spec), state: "running", attempt: message.attempt }, handedAt);
    }
  }

  reported(hand: Hand, report: Report): void {
    const { watchers } = this.#parts;
    const { spec, attempt } = hand.message;
    if (report.type === "log") {
      const { level, text } = report.line;
      this.#parts.log.debug({ task: spec.id, level, text }, `${spec.action} says`);
    }
    if (!watchers.isAny) return;
    const about = aboutOf(spec);
    if (report.type === "progress") {
      watchers.emit(about, {
        type: "progress",
        at: report.at,
        task: spec.id,
        attempt,
        progress: JSON.parse(report.progress),
      });
    } else watchers.emit(about, { type: "log", task: spec.id, ...report.line });
  }

  recorded(message: Message, event: TaskEvent, applied: Applied): void {
    const { queue } = this.#parts;
    queue.settle([message]);
    if (
      event.type === "finish" &&
      event.outcome.type === "done" &&
      applied.verdict === "applied" &&
      !this.#parts.watchers.isAny
    ) {
      this.#done(message, event, event.outcome);
      return;
    }
    const row = rowAfter(message, event, applied);
    if (row === null) {
      // Its row was damaged meanwhile: whoever waits is not to wait for ever.
      if (applied.verdict === "conflict") this.#refuse(message);
      return;
    }
    const isSame = applied.verdict === "applied" || isSameRequest(row, message.spec);
    if (!isSame) this.#refuse(message);
    if (event.type === "finish") this.#measure(event, row.action);
    this.follow(row, applied.verdict === "applied", message.waiter);
    if (isSame && isFinal(row.state)) this.#parts.fleet?.ended(message, answerOf(row), null);
  }

  leased(message: Message): void {
    // Alone, the queue remembers what is in hand, so that it is not given twice.
    if (this.#parts.fleet !== null) this.#parts.queue.settle([message]);
  }

  passedOver(messages: readonly Message[]): void {
    this.#parts.queue.settle(messages);
    this.#parts.fleet?.look(messages);
  }

  /** Another request has its id. Who waits for that one goes on waiting. */
  #refuse(message: Message): void {
    const { flights, fleet } = this.#parts;
    const { spec } = message;
    const answer = conflictAnswer(spec.id, "id");
    const waited = flights.get(spec.id)?.spec;
    if (waited && isSameRequest(waited, spec)) flights.end(spec.id, answer);
    fleet?.ended(message, answer, null);
  }

  /** What nearly every task comes to, without making a row of it again. */
  #done(message: Message, event: FinishEvent, { result, resultBlob }: DoneOutcome): void {
    const { flights, metrics, recent, lately, fleet } = this.#parts;
    const { spec } = message;
    const answer = { status: "done", task: spec.id, result, resultBlob } as const;
    flights.end(spec.id, answer, spec);
    if (fleet !== null) fleet.ended(message, answer, Math.max(0, event.at - event.startedAt));
    this.#measure(event, spec.action);
    metrics.countFinished(spec.action, "done");
    this.#parts.onEnded(spec, "done", event.startedAt, event.at, null);
    this.#parts.admission.left(1);
    recent.finished(false);
    lately.finished(spec.queue, false);
    recent.total.observe(Math.max(0, event.at - spec.createdAt) / 1000);
  }

  /**
   * `isNews`: the row changed just now. Otherwise it stood, and only those who wait have to know.
   * `waiter`: where somebody waits for its end, if that is elsewhere.
   */
  follow(row: Task, isNews: boolean, waiter?: string): void {
    if (isFinal(row.state)) this.#ended(row, isNews);
    else if (row.state === "retrying") this.#parts.onDue(row.dueAt!);
    else if (row.state === "queued") {
      this.#parts.queue.publish([republished(this.#parts, row, waiter)]);
    }
    if (isNews && !isFinal(row.state) && this.#parts.watchers.isAny)
      emitState(this.#parts, row, this.#parts.now());
  }

  trouble(error: unknown): void {
    this.#parts.log.warn({ error }, "an outcome could not be written yet; trying again");
  }

  #ended(row: Task, isNews: boolean): void {
    const { flights, watchers, metrics, recent, lately, now } = this.#parts;
    flights.end(row.id, answerOf(row), row);
    if (!isNews) return;
    metrics.countFinished(row.action, row.state, row.error?.code ?? "");
    this.#parts.onEnded(row, row.state, row.startedAt, row.finishedAt, row.error);
    this.#parts.admission.left(1);
    recent.finished(row.state === "failed");
    lately.finished(row.queue, row.state === "failed");
    recent.total.observe(Math.max(0, (row.finishedAt ?? now()) - row.createdAt) / 1000);
    if (watchers.isAny) emitEnd(this.#parts, row);
  }

  #measure(event: FinishEvent, action: string): void {
    const seconds = Math.max(0, event.at - event.startedAt) / 1000;
    this.#parts.metrics.observeRun(action, seconds);
    this.#parts.recent.run.observe(seconds);
  }
}

/** The store may leave the row out when it says nothing new: a finish as done that was applied. */
function rowAfter(message: Message, event: TaskEvent, applied: Applied): Task | null {
  if (applied.task !== undefined) return applied.task;
  if (event.type !== "finish" || event.outcome.type !== "done") return null;
  const { result, resultBlob } = event.outcome;
  return {
    ...newTask(message.spec),
    state: "done",
    attempt: event.attempt,
    result,
    resultBlob,
    startedAt: event.startedAt,
    finishedAt: event.at,
    log: event.log ?? [],
    progress: event.progress ?? null,
  };
}
