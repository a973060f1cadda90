/**
 * A pool whose threads live in a process of their own. A thread that has to be ended is replaced by a warm one at once; a
 * process that died, or has a thread that cannot be ended, by another process.
 */
import { randomInt } from "node:crypto";
import { join } from "node:path";
import type { ThreadView } from "../protocol/messages.ts";
import { TandaError, type ErrorBody } from "../task/errors.ts";
import type { ActionInfo } from "../task/task.ts";
import type { BlobModule } from "./blob-options.ts";
import type { FromProcess } from "./control-messages.ts";
import { Crew } from "./crew.ts";
import { Dispatcher } from "./dispatcher.ts";
import { timedOut } from "./handler-error.ts";
import { monoMs } from "./mono-clock.ts";
import { PoolChild, type ChildSetup, type PoolOutput } from "./pool-child.ts";
import type { Ending, Pool, Report, Run } from "./pool.ts";
import { RunMeans } from "./run-means.ts";
import { EXCLUSIVE, SHARED } from "./slots.ts";
import type { ThreadLink } from "./thread-link.ts";
import { ThreadListener, type Arrival } from "./thread-listener.ts";

/** A result with more bytes goes to a blob, where there are blobs. */
export const BLOB_OVER_BYTES = 65_536;
export const DEFAULT_MEMORY_MB = 512;
const LOAD_MS = 60_000;
/** What a thread that was retired, or a process that is replaced, may still take for what it has begun. */
const RETIRE_MS = 5000;
const REPLACE_MS = 1000;
/** The supervisor acts within some ms of a deadline; if nothing was heard so long after, the process is killed. */
const OVERDUE_MS = 1000;
const GUARD_MS = 250;
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 5000;

export type ProcessPoolOptions = {
  readonly threads: number;
  /** TypeScript or JavaScript; null = built-in actions alone. */
  readonly actionsFile: string | null;
  /** A thread's share. Default 512. */
  readonly memoryMb?: number | undefined;
  /** Null: large results stay in the ending, and handlers have no blobs. */
  readonly blobs?: BlobModule | null | undefined;
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
  readonly #crews = new Set<Crew>();
  readonly #byKey = new Map<number, Crew>();
  readonly #onEnd: ((endings: readonly Ending[]) => void)[] = [];
  readonly #onReport: ((reports: readonly Report[]) => void)[] = [];
  readonly #onFree: (() => void)[] = [];
  #listener: ThreadListener | null = null;
  #current: Crew | null = null;
  #lastKey = randomInt(1, 1_000_000);
  #guard: NodeJS.Timeout | null = null;
  #restart: NodeJS.Timeout | null = null;
  #failures = 0;
  #reloading: Promise<unknown> = Promise.resolve();
  #isReplacing = false;
  #isClosed = false;

  constructor(options: ProcessPoolOptions) {
    this.#options = options;
    this.#dispatcher = new Dispatcher(this.#means, {
      ended: (endings) => this.#onEnd.forEach((listener) => listener(endings)),
      reported: (reports) => this.#onReport.forEach((listener) => listener(reports)),
      free: () => this.#onFree.forEach((listener) => listener()),
      retiring: (link) => this.#retireThread(link),
      settled: () => this.#dismissIdle(),
    });
  }

  async start(): Promise<readonly ActionInfo[]> {
    this.#listener = await ThreadListener.open((arrival) => this.#onArrival(arrival));
    try {
      if (this.#isClosed) throw new TandaError("unavailable", "the pool is closed");
      this.#guard = setInterval(() => this.#checkOverdue(), GUARD_MS);
      this.#guard.unref();
      return this.#promote(await this.#openCrew(), null);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  room(action: string): number {
    return this.#dispatcher.room(action);
  }

  run(runs: readonly Run[]): void {
    this.#dispatcher.run(runs);
    if (this.#isClosed) this.#dispatcher.returnAll();
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
    return this.#current?.views() ?? [];
  }

  get pid(): number | null {
    return this.#current?.child.pid ?? null;
  }

  rssBytes(): number {
    let bytes = 0;
    for (const { child } of this.#crews) bytes += child.rssBytes;
    return bytes;
  }

  meanMs(action: string): number | null {
    return this.#means.get(action);
  }

  reload(): Promise<readonly ActionInfo[]> {
    const reloaded = this.#reloading.then(async () => {
      if (this.#isClosed) throw new TandaError("unavailable", "the pool is closed");
      return this.#promote(await this.#openCrew(), null);
    });
    this.#reloading = reloaded.catch(() => {});
    return reloaded;
  }

  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      if (this.#guard) clearInterval(this.#guard);
      if (this.#restart) clearTimeout(this.#restart);
      for (const crew of this.#crews) crew.child.kill("close");
      this.#dispatcher.links = [];
      this.#dispatcher.returnAll();
    }
    await Promise.all([...this.#crews].map((crew) => crew.gone));
    const listener = this.#listener;
    this.#listener = null;
    if (listener) await listener[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A new process. Resolves when its first thread has the actions. */
  async #openCrew(): Promise<Crew> {
    const listener = this.#listener!;
    const options = this.#options;
    const setup: ChildSetup = {
      execPath: options.execPath ?? process.execPath,
      execArgv: options.execArgv ?? [],
      env: options.env ?? process.env,
      settings: {
        socketPath: listener.path,
        token: listener.token,
        actionsFile: options.actionsFile,
        memoryMb: options.memoryMb ?? DEFAULT_MEMORY_MB,
        blobs: options.blobs ?? null,
        blobOverBytes: BLOB_OVER_BYTES,
        filesDir: join(listener.dir, "blobs"),
      },
    };
    const child = new PoolChild(setup, {
      said: (_, message) => this.#onMessage(crew, message),
      output: options.onLog,
      died: () => this.#onDeath(crew),
    });
    const crew = new Crew(
      child,
      options.threads,
      (link) => this.#byKey.set(link.key, crew),
      () => ++this.#lastKey,
    );
    this.#crews.add(crew);
    crew.fill();
    const late = setTimeout(
      () =>
        crew.failToLoad(new TandaError("unavailable", `the actions did not load within ${LOAD_MS / 1000} s`)),
      LOAD_MS,
    );
    try {
      await crew.loaded;
      return crew;
    } catch (error) {
      child.kill("retired");
      throw error;
    } finally {
      clearTimeout(late);
    }
  }

  /** From now on it gets the runs. What the one before it has begun may go on so long; null = to its end. */
  #promote(crew: Crew, graceMs: number | null): readonly ActionInfo[] {
    const before = this.#current;
    this.#failures = 0;
    this.#current = crew;
    this.#dispatcher.serve(crew.actions, this.#options.threads);
    this.#takePlaces(crew);
    if (before) this.#dismiss(before, graceMs);
    return crew.actions;
  }

  #takePlaces(crew: Crew): void {
    if (crew !== this.#current || this.#isClosed) return;
    this.#dispatcher.links = crew.takePlaces();
    this.#dispatcher.turn();
  }

  #onArrival(arrival: Arrival): void {
    const crew = this.#byKey.get(arrival.key);
    const link = crew?.child.links.get(arrival.key);
    if (!crew || !link) return;
    if (arrival.type === "not_loaded") {
      this.#forget(crew, link);
      if (!crew.failToLoad(TandaError.fromBody(arrival.error))) {
        this.#say(`a new thread could not load the actions: ${arrival.error.message}`);
        this.#refillLater(crew);
      }
      return;
    }
    link.attach(
      arrival.socket,
      arrival.cutter,
      this.#dispatcher.listen(link),
      () => this.#dissolveIfOver(crew, link),
      () => {
        this.#dispatcher.turn();
        if (link.isWorn) this.#retireThread(link);
      },
    );
    crew.load(arrival.actions);
    crew.fill();
    this.#takePlaces(crew);
  }

  #onMessage(crew: Crew, message: FromProcess): void {
    if (message.type === "unfit") return this.#replace(crew);
    if (message.type === "dying" || message.type === "rss") return;
    const link = crew.child.links.get(message.key);
    if (!link) return;
    if (message.type === "recalled") return this.#dispatcher.recalled(link, message);
    if (message.type === "over") return this.#dispatcher.forced(link, message.endings);
    if (link.state === "starting") {
      this.#forget(crew, link);
      if (!crew.failToLoad(new TandaError("bad_request", `the actions did not load: ${message.why}`)))
        this.#refillLater(crew);
      return;
    }
    // Out of its place first: what its ending sets free must not be handed to it.
    link.state = "gone";
    crew.over.set(link, message);
    this.#takePlaces(crew);
    this.#dispatcher.forced(link, message.endings);
    if (message.isStuck) link.destroy();
    crew.fill();
    this.#dissolveIfOver(crew, link);
  }

  /** Both must have been heard: how it ended from the supervisor, and the last of what it said from its pipe. */
  #dissolveIfOver(crew: Crew, link: ThreadLink): void {
    const ended = crew.over.get(link);
    if (!ended || (link.isOpen && !ended.isStuck)) return;
    this.#forget(crew, link);
    this.#dispatcher.dissolve(link, ended.begun);
  }

  #forget(crew: Crew, link: ThreadLink): void {
    link.state = "gone";
    crew.forget(link);
    this.#byKey.delete(link.key);
  }

  /** It ends what it has; another takes its place. */
  #retireThread(link: ThreadLink): void {
    const crew = this.#byKey.get(link.key);
    if (!crew || link.state !== "up") return;
    link.state = "retiring";
    crew.fill();
    this.#takePlaces(crew);
    const end = (): void => link.tell({ type: "end", key: link.key });
    if (link.inHand.size === 0) end();
    else setTimeout(end, RETIRE_MS).unref();
  }

  #refillLater(crew: Crew): void {
    setTimeout(() => crew.fill(), MAX_DELAY_MS).unref();
  }

  /** Its runs go on for a while; new ones go to another process. */
  #replace(crew: Crew): void {
    if (crew !== this.#current || this.#isReplacing || this.#isClosed) return; // somebody else's turn has come
    this.#isReplacing = true;
    this.#openCrew()
      .then((next) => this.#promote(next, REPLACE_MS))
      .catch((error: Error) => {
        this.#say(`another pool process did not start: ${error.message}`);
        setTimeout(() => this.#replace(crew), MAX_DELAY_MS).unref();
      })
      .finally(() => (this.#isReplacing = false));
  }

  #dismiss(crew: Crew, withinMs: number | null): void {
    crew.child.state = "retiring";
    for (const link of crew.child.links.values()) {
      if (link.state === "up") link.state = "retiring";
      for (const lane of [EXCLUSIVE, SHARED] as const) if (link.counts[lane] > 0) link.recall(lane);
    }
    if (withinMs !== null) setTimeout(() => crew.child.kill("retired"), withinMs).unref();
    this.#dismissIdle();
  }

  #dismissIdle(): void {
    for (const { child } of this.#crews) {
      if (child.state === "retiring" && child.inHandCount === 0) child.kill("retired");
      else if (child.state !== "up") continue;
      for (const link of child.links.values())
        if (link.state === "retiring" && link.inHand.size === 0) link.tell({ type: "end", key: link.key });
    }
  }

  #onDeath(crew: Crew): void {
    const { child } = crew;
    crew.die();
    this.#crews.delete(crew);
    const wasAlone = child.inHandCount === 1;
    const error = child.endedFor === null ? child.death : null;
    const isCurrent = this.#current === crew;
    if (isCurrent) {
      this.#current = null;
      this.#dispatcher.links = [];
    }
    for (const link of child.links.values()) {
      this.#byKey.delete(link.key);
      link.state = "gone";
      link.destroy();
      this.#dispatcher.lose(link, wasAlone, error);
    }
    child.links.clear();
    this.#dispatcher.turn();
    if (!crew.failToLoad(toError(child.death)) && isCurrent && !this.#isReplacing) this.#openAnother();
  }

  #openAnother(): void {
    if (this.#isClosed) return;
    this.#openCrew()
      .then((crew) => this.#promote(crew, null))
      .catch((error: Error) => {
        if (this.#isClosed) return;
        this.#say(`the pool process did not start again: ${error.message}`);
        const delayMs = Math.min(FIRST_DELAY_MS * 2 ** this.#failures++, MAX_DELAY_MS);
        this.#restart = setTimeout(() => this.#openAnother(), delayMs);
      });
  }

  /** The last resort, for a process whose supervisor itself does not act. */
  #checkOverdue(): void {
    const now = monoMs();
    for (const { child } of this.#crews) {
      for (const link of child.links.values()) {
        const { head } = link;
        for (const inHand of link.inHand.values()) {
          const isHead = inHand === head;
          if (!isHead && (inHand.load.lane === EXCLUSIVE || link.counts[EXCLUSIVE] > 0)) continue;
          const since = isHead ? Math.max(link.movedAt, inHand.handedAt) : inHand.handedAt;
          if (now - since < inHand.run.timeoutMs + OVERDUE_MS) continue;
          const startedAt = Math.floor(Date.now() - (now - since));
          const error = timedOut(inHand.run.timeoutMs);
          child.kill("overdue");
          this.#dispatcher.forced(link, [{ id: inHand.id, startedAt, type: "failed", error }]);
        }
      }
    }
  }

  #say(text: string): void {
    this.#options.onLog({ stream: "stderr", text: `${text}\n` });
  }
}

function toError(body: ErrorBody): TandaError {
  return TandaError.fromBody(body);
}
