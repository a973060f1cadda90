/**
 * The engine as one bearer of a token may use it, at every door. What he may not do is refused here and nowhere else; what he may not
 * see does not exist. What is administrative is told to the audit log, done or refused. Who may do all pays one call a batch.
 */
import type { Blobs } from "../blobs/blobs.ts";
import type {
  Access,
  Act,
  Engine,
  Health,
  Submission,
  Waiter,
  WatchFilter,
  WatchListener,
} from "../engine/engine.ts";
import type { Metrics } from "../engine/metrics.ts";
import type { AuditFilter, AuditPage, CreatedToken, TokenView } from "../protocol/access.ts";
import type {
  ActionView,
  Explanation,
  HistoryView,
  HistoryWindow,
  ListFilter,
  NodeView,
  Op,
  QueueView,
  StatsView,
  TaskView,
  WorkerView,
} from "../protocol/messages.ts";
import type { ScopeWord } from "../protocol/scopes.ts";
import type { TokenWish } from "../protocol/token-wish.ts";
import type { TokenRecord } from "../task/access.ts";
import { toTandaError } from "../task/errors.ts";
import { noSuchTask } from "../task/no-such-task.ts";
import { guardBlobs } from "./guarded-blobs.ts";
import { guardSubmissions } from "./guarded-submissions.ts";
import { guardEvents, seenAs } from "./guarded-views.ts";
import { tokenIsOver } from "./door.ts";
import type { Grant } from "./grant.ts";
import { mayNot, mayNotUse } from "./may-not.ts";

export class GuardedEngine implements Engine {
  readonly grant: Grant;
  readonly local?: Engine;
  readonly #inner: Engine;
  /** The client's address, for the audit log. */
  readonly #from: string;

  constructor(inner: Engine, grant: Grant, from: string) {
    this.#inner = inner;
    this.grant = grant;
    this.#from = from;
    // One node of several is asked alone by nodes, and by who looks after them.
    if (inner.local !== undefined && grant.isAll) this.local = new GuardedEngine(inner.local, grant, from);
  }

  get health(): Health {
    return this.#inner.health;
  }

  get appetite(): number {
    return this.#inner.appetite;
  }

  get self(): Engine["self"] {
    return this.#inner.self;
  }

  get access(): Access {
    return this.#inner.access;
  }

  get metrics(): Metrics {
    this.permit("metrics");
    return this.#inner.metrics;
  }

  get blobs(): Blobs {
    return guardBlobs(this.#inner.blobs, this.grant, (word) => this.permit(word));
  }

  submit(submissions: readonly Submission[], waiter: Waiter): void {
    if (this.grant.isAll && !this.grant.isOver) return this.#inner.submit(submissions, waiter);
    const { allowed, refused } = guardSubmissions(submissions, this.grant, this.access, performance.now());
    for (const { token, error } of refused)
      waiter.answer(token, { status: "failed", task: null, error: error.toBody() });
    if (allowed.length > 0) this.#inner.submit(allowed, waiter);
  }

  /** It was let in as a submission. */
  promise(submission: Submission, waiter: Waiter): void {
    const { owner } = this.grant;
    const options = owner === null ? submission.options : { ...submission.options, owner };
    this.#inner.promise({ ...submission, options }, waiter);
  }

  leave(waiter: Waiter): void {
    this.#inner.leave(waiter);
  }

  async get(task: string): Promise<TaskView> {
    this.permit("get");
    return seenAs(await this.#seen(task), this.grant);
  }

  async wait(task: string, token: unknown, waiter: Waiter): Promise<void> {
    this.permit("wait");
    await this.#look(task);
    await this.#inner.wait(task, token, waiter);
  }

  async explain(task: string): Promise<Explanation> {
    this.permit("explain");
    await this.#look(task);
    return this.#inner.explain(task);
  }

  async cancel(task: string): Promise<TaskView> {
    const act = this.#act("cancel", task);
    try {
      this.permit("cancel");
      await this.#look(task);
      const view = await this.#inner.cancel(task);
      if (view.owner === undefined) this.#cancelled(act);
      else if (view.owner !== this.grant.owner) this.#record(act);
      return seenAs(view, this.grant);
    } catch (error) {
      const { code } = toTandaError(error);
      if (code === "forbidden") this.#record({ ...act, outcome: code });
      throw error;
    }
  }

  async list(filter: ListFilter): Promise<{ tasks: TaskView[]; next: string | null; missing?: number[] }> {
    this.permit("list");
    const { owner } = this.grant;
    const page = await this.#inner.list(owner === null ? filter : { ...filter, owner });
    if (this.grant.isAll) return page;
    const tasks = page.tasks.filter((view) => this.#isSeen(view)).map((view) => seenAs(view, this.grant));
    return { ...page, tasks };
  }

  async watch(filter: WatchFilter, listener: WatchListener): Promise<{ stop: () => void }> {
    this.permit("watch");
    if (filter.task !== undefined) await this.#look(filter.task);
    if (this.grant.isAll) return this.#inner.watch(filter, listener);
    const { owner } = this.grant;
    const own = owner === null ? filter : { ...filter, owner };
    return this.#inner.watch(own, guardEvents(listener, this.grant, filter.task !== undefined));
  }

  retry(task: string): Promise<TaskView> {
    return this.#administer("retry", task, async () => {
      await this.#look(task);
      return seenAs(await this.#inner.retry(task), this.grant);
    });
  }

  delete(task: string): Promise<{ task: string; deleted: true }> {
    return this.#administer("delete", task, async () => {
      await this.#look(task);
      return this.#inner.delete(task);
    });
  }

  pause(queue: string): Promise<QueueView> {
    return this.#administer("pause", queue, () => this.#inner.pause(queue), true);
  }

  resume(queue: string): Promise<QueueView> {
    return this.#administer("resume", queue, () => this.#inner.resume(queue), true);
  }

  drain(queue: string): Promise<QueueView> {
    return this.#administer("drain", queue, () => this.#inner.drain(queue), true);
  }

  purge(queue: string): Promise<{ queue: string; cancelled: number }> {
    return this.#administer("purge", queue, () => this.#inner.purge(queue), true);
  }

  drainWorker(worker: string): Promise<WorkerView> {
    return this.#administer("drain_worker", worker, () => this.#inner.drainWorker(worker));
  }

  resumeWorker(worker: string): Promise<WorkerView> {
    return this.#administer("resume_worker", worker, () => this.#inner.resumeWorker(worker));
  }

  async actions(): Promise<ActionView[]> {
    this.permit("actions");
    return (await this.#inner.actions()).filter(({ action }) => this.grant.mayAction(action));
  }

  async queues(): Promise<QueueView[]> {
    this.permit("queues");
    return (await this.#inner.queues()).filter(({ queue }) => this.grant.mayQueue(queue));
  }

  async workers(): Promise<WorkerView[]> {
    this.permit("workers");
    return this.#inner.workers();
  }

  async nodes(): Promise<NodeView[]> {
    this.permit("nodes");
    return this.#inner.nodes();
  }

  async stats(): Promise<StatsView> {
    this.permit("stats");
    return this.#inner.stats();
  }

  async history(window: HistoryWindow): Promise<HistoryView> {
    this.permit("history");
    return this.#inner.history(window);
  }

  createToken(wish: TokenWish): Promise<CreatedToken> {
    return this.#administer("create_token", wish.name ?? null, () => this.#inner.createToken(wish));
  }

  revokeToken(token: string): Promise<TokenView> {
    // All of a token may have been given, and its secret is not for the log.
    const target = /^(?:tnd_)?([0-9a-f]{12})/.exec(token)?.[1] ?? null;
    return this.#administer("revoke_token", target, () => this.#inner.revokeToken(token));
  }

  async tokens(): Promise<TokenView[]> {
    this.permit("tokens");
    return this.#inner.tokens();
  }

  async keepTokens(tokens: readonly TokenRecord[]): Promise<TokenRecord[]> {
    this.permit("keep_tokens");
    return this.#inner.keepTokens(tokens);
  }

  async audit(filter: AuditFilter): Promise<AuditPage> {
    this.permit("audit");
    return this.#inner.audit(filter);
  }

  /** @throws unauthorized, forbidden */
  permit(word: ScopeWord): void {
    if (this.grant.isOver) throw tokenIsOver();
    if (!this.grant.may(word)) throw mayNot(word);
  }

  async #administer<T>(op: Op, target: string | null, run: () => Promise<T>, isQueue = false): Promise<T> {
    const act = this.#act(op, target);
    try {
      this.permit(op);
      if (isQueue && !this.grant.mayQueue(target!)) throw mayNotUse("queue", target!);
      const told = await run();
      // Whose it is, is known now.
      const made = op === "create_token" ? (told as CreatedToken).token : target;
      this.#record({ ...act, target: made });
      return told;
    } catch (error) {
      this.#record({ ...act, outcome: toTandaError(error).code });
      throw error;
    }
  }

  /** What a node asks is told by that node, to which somebody said it. */
  #record(act: Act): void {
    if (this.grant.who !== "node") this.access.record(act);
  }

  #cancelled(act: Act): void {
    if (this.grant.who !== "node") this.access.cancelled(act);
  }

  #act(op: Op, target: string | null): Act {
    const { who, name } = this.grant;
    return { who, name, from: this.#from, act: op, target, outcome: "ok" };
  }

  /** @throws not_found also for a task of somebody else. */
  async #look(task: string): Promise<void> {
    if (!this.grant.isAll) await this.#seen(task);
  }

  async #seen(task: string): Promise<TaskView> {
    const view = await this.#inner.get(task);
    if (!this.#isSeen(view)) throw noSuchTask(task);
    return view;
  }

  #isSeen({ owner, action, queue }: TaskView): boolean {
    const { grant } = this;
    // What is its own was let in, or handed to it.
    if (grant.owner !== null) return owner === grant.owner;
    return grant.mayAction(action) && grant.mayQueue(queue);
  }
}
