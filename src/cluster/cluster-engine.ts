/**
 * The use cases of a node that has peers. A task with its owner here goes to the local engine as it came, at once and with its
 * batch; any other is asked of its owner. What is marked `local` is this node's, whatever it says: so a request goes on once.
 */
import type { Blobs } from "../blobs/blobs.ts";
import type {
  Access,
  Engine,
  Health,
  Submission,
  Waiter,
  WatchFilter,
  WatchListener,
} from "../engine/engine.ts";
import type { Metrics } from "../engine/metrics.ts";
import type { AskOp, OpArguments } from "../client/caller.ts";
import type { AuditFilter, AuditPage, CreatedToken, TokenView } from "../protocol/access.ts";
import type {
  ActionView,
  Explanation,
  ListFilter,
  NodeView,
  QueueView,
  HistoryView,
  HistoryWindow,
  StatsView,
  TaskView,
  WorkerView,
} from "../protocol/messages.ts";
import type { TokenWish } from "../protocol/token-wish.ts";
import type { TokenRecord } from "../task/access.ts";
import { isTaskId } from "../task/id.ts";
import { askAll, everyOne } from "./ask-all.ts";
import { ClusterBlobs } from "./cluster-blobs.ts";
import type { ClusterTokens } from "./cluster-tokens.ts";
import { Forwarder } from "./forwarder.ts";
import {
  mergeActions,
  mergeAudit,
  mergePages,
  mergeNodes,
  mergeQueues,
  mergeHistory,
  mergeStats,
  type TaskPage,
  type Told,
} from "./merge.ts";
import type { Ownership } from "./ownership.ts";
import { watchAt } from "./peer-watch.ts";
import type { Peer } from "./peer.ts";

const DEFAULT_LIMIT = 100;
/** Cheap first question, asked of a payload's text. */
const BLOB_MARK = '"$blob"';

export class ClusterEngine implements Engine {
  readonly local: Engine;
  readonly blobs: Blobs;
  readonly #folders: ClusterBlobs | null;
  readonly #peers: ReadonlyMap<number, Peer>;
  readonly #owners: Ownership;
  readonly #tokens: ClusterTokens;
  readonly #forwarder = new Forwarder();

  constructor(local: Engine, peers: readonly Peer[], owners: Ownership, tokens: ClusterTokens) {
    this.local = local;
    // Blobs that have links are in a bucket, which all nodes share.
    this.#folders = local.blobs.downloadUrl ? null : new ClusterBlobs(local.blobs, peers);
    this.#tokens = tokens;
    this.blobs = this.#folders ?? local.blobs;
    this.#peers = new Map(peers.map((peer) => [peer.node, peer]));
    this.#owners = owners;
  }

  get health(): Health {
    return this.local.health;
  }

  get appetite(): number {
    return this.local.appetite;
  }

  get metrics(): Metrics {
    return this.local.metrics;
  }

  get self(): Engine["self"] {
    return this.local.self;
  }

  submit(submissions: readonly Submission[], waiter: Waiter): void {
    /** Those for the local engine, once they are not simply all. */
    let mine: Submission[] | null = null;
    for (let at = 0; at < submissions.length; at++) {
      const submission = submissions[at]!;
      if (this.#isPlain(submission)) mine?.push(submission);
      else {
        mine ??= submissions.slice(0, at);
        const here = this.#direct(submission, waiter);
        if (here !== null) mine.push(here);
      }
    }
    if (mine === null) this.local.submit(submissions, waiter);
    else if (mine.length > 0) this.local.submit(mine, waiter);
  }

  /** For the local engine, as it came. */
  #isPlain({ options, payload }: Submission): boolean {
    if (this.#folders !== null && payload.includes(BLOB_MARK)) return false;
    if (options === null || options.local === true) return true;
    if (options.key !== undefined) return false;
    return options.task === undefined || this.#owners.ofTask(options.task) === this.#owners.own;
  }

  /** @returns what the local engine is to take now; null when it went another way. */
  #direct(submission: Submission, waiter: Waiter): Submission | null {
    const { options, payload } = submission;
    let here = submission;
    if (options !== null && options.local !== true) {
      const { task, key, ...rest } = options;
      const { own } = this.#owners;
      const ofTask = task === undefined ? own : this.#owners.ofTask(task);
      const owner = key === undefined ? ofTask : this.#owners.ofKey(key);
      const peer = this.#peers.get(owner);
      // A key's task is found by its id too: a name that tells of another node is not kept.
      const name = task !== undefined && ofTask === owner ? task : null;
      if (peer) {
        this.#forwarder.submit(peer, submission, name ?? peer.makeId(), waiter);
        return null;
      }
      if (name === null && key !== undefined) here = { ...submission, options: { ...rest, key } };
    }
    if (this.#folders === null || !payload.includes(BLOB_MARK)) return here;
    void this.#folders.gather(payload).then(() => this.local.submit([here], waiter));
    return null;
  }

  /** Its id is new, so it was made here. */
  promise(submission: Submission, waiter: Waiter): void {
    this.local.promise(submission, waiter);
  }

  async wait(task: string, token: unknown, waiter: Waiter): Promise<void> {
    const peer = this.#ownerOf(task);
    if (peer) this.#forwarder.wait(peer, task, token, waiter);
    else await this.local.wait(task, token, waiter);
  }

  leave(waiter: Waiter): void {
    this.#forwarder.leave(waiter);
    this.local.leave(waiter);
  }

  async get(task: string): Promise<TaskView> {
    return this.#atOwner("get", task, () => this.local.get(task));
  }

  async cancel(task: string): Promise<TaskView> {
    return this.#atOwner("cancel", task, () => this.local.cancel(task));
  }

  async retry(task: string): Promise<TaskView> {
    return this.#atOwner("retry", task, () => this.local.retry(task));
  }

  async delete(task: string): Promise<{ task: string; deleted: true }> {
    return this.#atOwner("delete", task, () => this.local.delete(task));
  }

  async explain(task: string): Promise<Explanation> {
    return this.#atOwner("explain", task, () => this.local.explain(task));
  }

  async list(filter: ListFilter): Promise<TaskPage> {
    const told = await this.#ofAll<TaskPage>("list", filter, () => this.local.list(filter));
    return mergePages(told, filter.limit ?? DEFAULT_LIMIT);
  }

  async watch(filter: WatchFilter, listener: WatchListener): Promise<{ stop: () => void }> {
    if (filter.task !== undefined) {
      const peer = this.#ownerOf(filter.task);
      if (!peer) return this.local.watch(filter, listener);
      // What cannot be watched is told to who asks, before anything is watched.
      await peer.ask("get", { task: filter.task });
      return watchAt(peer, filter, listener);
    }
    const here = await this.local.watch(filter, listener);
    const there = [...this.#peers.values()].map((peer) => watchAt(peer, filter, listener));
    return {
      stop: () => {
        here.stop();
        for (const { stop } of there) stop();
      },
    };
  }

  async pause(queue: string): Promise<QueueView> {
    return this.#setQueue("pause", queue, () => this.local.pause(queue));
  }

  async resume(queue: string): Promise<QueueView> {
    return this.#setQueue("resume", queue, () => this.local.resume(queue));
  }

  async drain(queue: string): Promise<QueueView> {
    return this.#setQueue("drain", queue, () => this.local.drain(queue));
  }

  async purge(queue: string): Promise<{ queue: string; cancelled: number }> {
    const told = everyOne(
      await this.#ofAll("purge", { queue }, () => this.local.purge(queue)),
      `purge ${queue}`,
    );
    return { queue, cancelled: told.parts.reduce((sum, { value }) => sum + value.cancelled, 0) };
  }

  async drainWorker(worker: string): Promise<WorkerView> {
    return this.#atWorker("drain_worker", worker, () => this.local.drainWorker(worker));
  }

  async resumeWorker(worker: string): Promise<WorkerView> {
    return this.#atWorker("resume_worker", worker, () => this.local.resumeWorker(worker));
  }

  async actions(): Promise<ActionView[]> {
    return mergeActions(await this.#ofAll("actions", {}, () => this.local.actions()));
  }

  async queues(): Promise<QueueView[]> {
    return mergeQueues(await this.#ofAll("queues", {}, () => this.local.queues()));
  }

  async workers(): Promise<WorkerView[]> {
    const { parts } = await this.#ofAll("workers", {}, () => this.local.workers());
    return parts.flatMap(({ value }) => value);
  }

  async nodes(): Promise<NodeView[]> {
    const told = await this.#ofAll("nodes", {}, () => this.local.nodes());
    return mergeNodes(told, (node) => this.#peers.get(node)!.address);
  }

  async stats(): Promise<StatsView> {
    return mergeStats(await this.#ofAll("stats", {}, () => this.local.stats()));
  }

  async history(window: HistoryWindow): Promise<HistoryView> {
    return mergeHistory(await this.#ofAll("history", { window }, () => this.local.history(window)));
  }

  createToken(wish: TokenWish): Promise<CreatedToken> {
    return this.#tokens.create(wish);
  }

  tokens(): Promise<TokenView[]> {
    return this.local.tokens();
  }

  revokeToken(token: string): Promise<TokenView> {
    return this.#tokens.revoke(token);
  }

  keepTokens(tokens: readonly TokenRecord[]): Promise<TokenRecord[]> {
    return this.local.keepTokens(tokens);
  }

  async audit(filter: AuditFilter): Promise<AuditPage> {
    return mergeAudit(await this.#ofAll("audit", filter, () => this.local.audit(filter)), filter.limit);
  }

  get access(): Access {
    const { access } = this.local;
    return { ...access, refresh: () => this.#tokens.ask().then(() => access.refresh()) };
  }

  /** Null when it is this node's, or nobody's: then this node refuses it. */
  #ownerOf(task: string): Peer | null {
    return (isTaskId(task) && this.#peers.get(this.#owners.ofTask(task))) || null;
  }

  async #atOwner<T>(op: AskOp, task: string, here: () => Promise<T>): Promise<T> {
    const peer = this.#ownerOf(task);
    return peer ? ((await peer.ask(op, { task })) as T) : here();
  }

  /** A worker has its node's number. */
  async #atWorker(op: AskOp, worker: string, here: () => Promise<WorkerView>): Promise<WorkerView> {
    const peer = [...this.#peers.values()].find(({ node }) => `${node}` === worker);
    return peer ? ((await peer.ask(op, { worker })) as WorkerView) : here();
  }

  #ofAll<T>(op: AskOp, about: OpArguments, here: () => Promise<T>): Promise<Told<T>> {
    return askAll(this.#peers.values(), this.#owners.own, op, about, here);
  }

  async #setQueue(op: AskOp, queue: string, here: () => Promise<QueueView>): Promise<QueueView> {
    const { parts, missing } = everyOne(await this.#ofAll(op, { queue }, here), `${op} ${queue}`);
    return mergeQueues({ parts: parts.map(({ node, value }) => ({ node, value: [value] })), missing })[0]!;
  }
}
