/**
 * The processes of a pool: the one that gets the runs, and those that only end what they began. A thread that has to be ended
 * is replaced by a warm one at once; a process that died, or has a thread that cannot be ended, by another process.
 */
import { randomInt } from "node:crypto";
import { TandaError } from "../task/errors.ts";
import type { ActionInfo } from "../task/task.ts";
import type { FromProcess } from "./control-messages.ts";
import { Crew } from "./crew.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { PoolChild, type ChildSetup, type PoolOutput } from "./pool-child.ts";
import { EXCLUSIVE, SHARED } from "./slots.ts";
import type { ThreadLink } from "./thread-link.ts";
import type { Arrival } from "./thread-listener.ts";

const LOAD_MS = 60_000;
/** What a thread that was retired, or a process that is replaced, may still take for what it has begun. */
const RETIRE_MS = 5000;
const REPLACE_MS = 1000;
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 5000;

export class Crews {
  readonly #setup: ChildSetup;
  readonly #threads: number;
  readonly #dispatcher: Dispatcher;
  readonly #onLog: (output: PoolOutput) => void;
  readonly #all = new Set<Crew>();
  readonly #byKey = new Map<number, Crew>();
  #current: Crew | null = null;
  #lastKey = randomInt(1, 1_000_000);
  #restart: NodeJS.Timeout | null = null;
  #failures = 0;
  #isReplacing = false;
  #isClosed = false;

  constructor(
    setup: ChildSetup,
    threads: number,
    dispatcher: Dispatcher,
    onLog: (output: PoolOutput) => void,
  ) {
    this.#setup = setup;
    this.#threads = threads;
    this.#dispatcher = dispatcher;
    this.#onLog = onLog;
  }

  get current(): Crew | null {
    return this.#current;
  }

  [Symbol.iterator](): IterableIterator<Crew> {
    return this.#all.values();
  }

  /** A new process with the actions as they are now; it gets the runs. Rejects, and changes nothing, when they do not load. */
  async renew(): Promise<readonly ActionInfo[]> {
    return this.#promote(await this.#openCrew(), null);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#restart) clearTimeout(this.#restart);
    for (const crew of this.#all) crew.child.kill("close");
    this.#dispatcher.links = [];
    this.#dispatcher.returnAll();
    await Promise.all([...this.#all].map((crew) => crew.gone));
  }

  /** Resolves when its first thread has the actions. */
  async #openCrew(): Promise<Crew> {
    const child = new PoolChild(this.#setup, {
      said: (_, message) => this.#onMessage(crew, message),
      output: this.#onLog,
      died: () => this.#onDeath(crew),
    });
    const crew = new Crew(
      child,
      this.#threads,
      (link) => this.#byKey.set(link.key, crew),
      () => ++this.#lastKey,
    );
    this.#all.add(crew);
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
    this.#dispatcher.serve(crew.actions, this.#threads);
    this.#takePlaces(crew);
    if (before) this.#dismiss(before, graceMs);
    return crew.actions;
  }

  #takePlaces(crew: Crew): void {
    if (crew !== this.#current || this.#isClosed) return;
    this.#dispatcher.links = crew.takePlaces();
    this.#dispatcher.turn();
  }

  /** A thread has connected. */
  admit(arrival: Arrival): void {
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
    link.attach(arrival.socket, arrival.cutter, this.#dispatcher.listen(link), {
      closed: () => this.#dissolveIfOver(crew, link),
      turn: () => {
        this.#dispatcher.turn();
        if (link.isWorn) this.retireThread(link);
      },
      garbled: () => crew.child.garbled(),
    });
    crew.load(arrival.actions);
    crew.fill();
    this.#takePlaces(crew);
  }

  #onMessage(crew: Crew, message: FromProcess): void {
    if (message.type === "unfit") return this.#replace(crew);
    if (message.type === "dying" || message.type === "rss" || message.type === "pong") return;
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
  retireThread(link: ThreadLink): void {
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
    this.dismissIdle();
  }

  /** Those that were only to end what they had, and have. */
  dismissIdle(): void {
    for (const { child } of this.#all) {
      if (child.state === "retiring" && child.inHandCount === 0) child.kill("retired");
      else if (child.state !== "up") continue;
      for (const link of child.links.values())
        if (link.state === "retiring" && link.inHand.size === 0) link.tell({ type: "end", key: link.key });
    }
  }

  #onDeath(crew: Crew): void {
    const { child } = crew;
    crew.die();
    this.#all.delete(crew);
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
    if (!crew.failToLoad(TandaError.fromBody(child.death)) && isCurrent && !this.#isReplacing)
      this.#openAnother();
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

  #say(text: string): void {
    this.#onLog({ stream: "stderr", text: `${text}\n` });
  }
}
