/** The use cases of one node, for whoever is at a door. Rules are in the files named after them; here they meet. */
import type { Blobs } from "../blobs/blobs.ts";
import type { AuditFilter, AuditPage, CreatedToken, TokenView } from "../protocol/access.ts";
import type {
  ActionView,
  Explanation,
  HistoryView,
  HistoryWindow,
  ListFilter,
  NodeView,
  QueueView,
  StatsView,
  TaskView,
  WorkerView,
} from "../protocol/messages.ts";
import type { TokenWish } from "../protocol/token-wish.ts";
import { noSuchTask } from "../task/no-such-task.ts";
import type { TokenRecord } from "../task/access.ts";
import { isTaskId } from "../task/id.ts";
import type { WorkerFace } from "../worker/worker-face.ts";
import type { Access, Engine, Health, Submission, Waiter, WatchFilter, WatchListener } from "./engine.ts";
import { explain, type Server } from "./explain.ts";
import {
  actionViews,
  queueViews,
  statsView,
  workerViews,
  ratesView,
  type NodeFacts,
  type RatesView,
} from "./insight.ts";
import { Intake } from "./intake.ts";
import { Operations } from "./operations.ts";
import type { Outcomes } from "./outcomes.ts";
import { failedAnswer, noSuchWorker, type EngineParts } from "./parts.ts";
import { promiseTask } from "./promising.ts";

/** In threads, in the store's next transaction and on the way: what one connection may have in flight is enough for all speed there is. */
const APPETITE = 1000;
/** Where others run them, a message is under way for longer. */
const APPETITE_AFAR = 10_000;

export class LocalEngine implements Engine {
  readonly #parts: EngineParts;
  readonly #worker: WorkerFace;
  readonly #facts: NodeFacts;
  readonly #intake: Intake;
  readonly #operations: Operations;

  constructor(parts: EngineParts, worker: WorkerFace, outcomes: Outcomes, facts: NodeFacts) {
    this.#parts = parts;
    this.#worker = worker;
    this.#facts = facts;
    this.#intake = new Intake(parts);
    this.#operations = new Operations(parts, worker, this.#intake, outcomes);
  }

  get blobs(): Blobs {
    return this.#parts.blobs;
  }

  get health(): Health {
    return this.#parts.admission.health;
  }

  get metrics(): EngineParts["metrics"] {
    return this.#parts.metrics;
  }

  get appetite(): number {
    return this.#worker.inHand + (this.#worker.pools().length > 0 ? APPETITE : APPETITE_AFAR);
  }

  get self(): { node: number; version: string } {
    return { node: this.#facts.node, version: this.#facts.version };
  }

  submit(submissions: readonly Submission[], waiter: Waiter): void {
    this.#intake.submit(submissions, waiter);
  }

  promise(submission: Submission, waiter: Waiter): void {
    const { token, options } = submission;
    promiseTask(this.#parts, options!.task!).then(
      (answer) => {
        if (answer !== null) waiter.answer(token, answer);
        else this.submit([{ ...submission, options: { ...options, wait: false } }], waiter);
      },
      (error: unknown) => waiter.answer(token, failedAnswer(null, error)),
    );
  }

  async wait(task: string, token: unknown, waiter: Waiter): Promise<void> {
    if (isTaskId(task)) this.#intake.wait(task, token, waiter);
    else waiter.answer(token, failedAnswer(null, noSuchTask(task)));
  }

  leave(waiter: Waiter): void {
    this.#parts.flights.leave(waiter);
  }

  get(task: string): Promise<TaskView> {
    return this.#operations.get(task);
  }

  list(filter: ListFilter): Promise<{ tasks: TaskView[]; next: string | null }> {
    return this.#operations.list(filter);
  }

  watch(filter: WatchFilter, listener: WatchListener): Promise<{ stop: () => void }> {
    return this.#operations.watch(filter, listener);
  }

  cancel(task: string): Promise<TaskView> {
    return this.#operations.cancel(task);
  }

  retry(task: string): Promise<TaskView> {
    return this.#operations.retry(task);
  }

  delete(task: string): Promise<{ task: string; deleted: true }> {
    return this.#operations.delete(task);
  }

  async explain(task: string): Promise<Explanation> {
    const row = await this.#operations.row(task);
    return explain(this.#parts, this.#worker, row, await this.servers(row.action));
  }

  pause(queue: string): Promise<QueueView> {
    return this.#setQueue(queue, "paused");
  }

  resume(queue: string): Promise<QueueView> {
    return this.#setQueue(queue, "open");
  }

  drain(queue: string): Promise<QueueView> {
    return this.#setQueue(queue, "draining");
  }

  purge(queue: string): Promise<{ queue: string; cancelled: number }> {
    return this.#operations.purge(queue);
  }

  async drainWorker(worker: string): Promise<WorkerView> {
    if (!this.isOwnWorker(worker)) throw noSuchWorker(worker);
    this.#worker.drain();
    return workerViews(this.#parts, this.#worker, this.#facts)[0]!;
  }

  async resumeWorker(worker: string): Promise<WorkerView> {
    if (!this.isOwnWorker(worker)) throw noSuchWorker(worker);
    this.#worker.resume();
    return workerViews(this.#parts, this.#worker, this.#facts)[0]!;
  }

  async actions(): Promise<ActionView[]> {
    return actionViews(this.#parts, this.#worker);
  }

  queues(): Promise<QueueView[]> {
    return queueViews(this.#parts);
  }

  async workers(): Promise<WorkerView[]> {
    return workerViews(this.#parts, this.#worker, this.#facts);
  }

  async nodes(): Promise<NodeView[]> {
    const { node, pid, version, startedAt, roles, uses } = this.#facts;
    return [
      {
        node,
        pid,
        version,
        startedAt,
        roles: [...roles],
        state: this.health.state,
        rssBytes: process.memoryUsage.rss(),
        connections: this.#facts.connections(),
        listen: this.#facts.listen(),
        ...(uses === undefined ? {} : { uses }),
      },
    ];
  }

  stats(): Promise<StatsView> {
    return statsView(this.#parts, this.#worker, this.#facts);
  }

  async history(window: HistoryWindow): Promise<HistoryView> {
    return this.#parts.history.view(window);
  }

  createToken(wish: TokenWish): Promise<CreatedToken> {
    return this.#parts.tokens.create(wish);
  }

  tokens(): Promise<TokenView[]> {
    return this.#parts.tokens.all();
  }

  revokeToken(token: string): Promise<TokenView> {
    return this.#parts.tokens.revoke(token);
  }

  keepTokens(tokens: readonly TokenRecord[]): Promise<TokenRecord[]> {
    return this.#parts.tokens.keep(tokens);
  }

  audit(filter: AuditFilter): Promise<AuditPage> {
    return this.#parts.audit.read(filter);
  }

  get access(): Access {
    const { tokens, audit, catalogue } = this.#parts;
    return {
      token: (id) => tokens.find(id),
      refresh: () => tokens.refresh(),
      queueOf: (action) => (catalogue.isKnown(action) ? catalogue.find(action).queue : "default"),
      record: (act) => audit.add(act),
      cancelled: (act) => audit.cancelled(act),
    };
  }

  /** Of this process. */
  protected get lately(): EngineParts["lately"] {
    return this.#parts.lately;
  }

  protected isOwnWorker(worker: string): boolean {
    return worker === `${this.#facts.node}` && this.#worker.pools().length > 0;
  }

  /** Who runs tasks of this action. */
  protected async servers(action: string): Promise<Server[]> {
    if (!this.#parts.catalogue.isServedHere(action)) return [];
    const { state } = this.health;
    return [
      { worker: `${this.#facts.node}`, isDrained: this.#worker.isDrained, isStopping: state === "draining" },
    ];
  }

  protected rates(): RatesView {
    return ratesView(this.#parts, this.#worker, this.#facts);
  }

  async #setQueue(queue: string, mode: QueueView["mode"]): Promise<QueueView> {
    await this.#operations.setQueue(queue, mode);
    const views = await this.queues();
    const perSecond = this.#parts.lately.ofQueue(queue);
    return (
      views.find((view) => view.queue === queue) ?? {
        queue,
        mode,
        counts: {},
        waiting: 0,
        oldestAgeMs: null,
        perSecond,
      }
    );
  }
}
