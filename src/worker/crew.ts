/** One pool process and its threads: who has a place, who is the warm spare. */
import type { ThreadView } from "../protocol/messages.ts";
import type { ActionInfo } from "../task/task.ts";
import type { FromProcess } from "./control-messages.ts";
import { monoMs } from "./mono-clock.ts";
import { STILL_MS } from "./placement.ts";
import type { PoolChild } from "./pool-child.ts";
import { EXCLUSIVE } from "./slots.ts";
import type { ThreadLink } from "./thread-link.ts";

export class Crew {
  readonly child: PoolChild;
  /** Rejects when the actions do not load. */
  readonly loaded: Promise<void>;
  readonly gone: Promise<void>;
  /** Threads whose supervisor said how they ended. */
  readonly over = new Map<ThreadLink, Extract<FromProcess, { type: "ended" }>>();
  actions: readonly ActionInfo[] = [];
  readonly #places: (ThreadLink | null)[];
  readonly #onSpawn: (link: ThreadLink) => void;
  readonly #nextKey: () => number;
  readonly #settle: { resolve: () => void; reject: (error: Error) => void; die: () => void };
  #isSettled = false;

  constructor(child: PoolChild, threads: number, onSpawn: (link: ThreadLink) => void, nextKey: () => number) {
    this.child = child;
    this.#places = Array.from({ length: threads }, () => null);
    this.#onSpawn = onSpawn;
    this.#nextKey = nextKey;
    const loaded = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    this.loaded = loaded.promise;
    this.gone = gone.promise;
    this.#settle = { resolve: loaded.resolve, reject: loaded.reject, die: gone.resolve };
  }

  /** A thread for every place; a spare once those are there, so that they come first. */
  fill(): void {
    if (this.child.state !== "up" && this.child.state !== "starting") return;
    const links = [...this.child.links.values()].filter(
      ({ state }) => state === "up" || state === "starting",
    );
    const isComplete = links.filter(({ state }) => state === "up").length >= this.#places.length;
    const wanted = this.#places.length + (isComplete ? 1 : 0);
    for (let count = links.length; count < wanted; count++)
      this.#onSpawn(this.child.spawnThread(this.#nextKey()));
  }

  load(actions: readonly ActionInfo[]): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.actions = actions;
    this.child.state = "up";
    this.#settle.resolve();
  }

  /** @returns false when it had loaded before: then it is not its start that failed. */
  failToLoad(error: Error): boolean {
    if (this.actions.length > 0) return false;
    this.#isSettled = true;
    this.#settle.reject(error);
    return true;
  }

  /** Puts spares where a thread left. @returns who takes runs. */
  takePlaces(): ThreadLink[] {
    const spares = [...this.child.links.values()].filter(
      (link) => link.state === "up" && !this.#places.includes(link),
    );
    for (const [place, link] of this.#places.entries())
      if (link?.state !== "up") this.#places[place] = spares.shift() ?? null;
    return this.#places.filter((link) => link !== null);
  }

  forget(link: ThreadLink): void {
    this.over.delete(link);
    this.child.links.delete(link.key);
  }

  die(): void {
    this.#settle.die();
  }

  views(): ThreadView[] {
    const now = monoMs();
    return this.#places.map((link, thread) => {
      if (link === null) return { thread, state: "starting", tasks: [] };
      const { head } = link;
      const tasks = [...link.inHand.values()]
        .filter((inHand) => inHand === head || inHand.load.lane !== EXCLUSIVE)
        .map((inHand) => ({
          task: inHand.run.task,
          action: inHand.run.action,
          sinceMs: Math.round(now - Math.max(inHand.handedAt, inHand === head ? link.movedAt : 0)),
        }));
      const isLate = link.stillMs(now) > STILL_MS + (head?.estimateMs ?? 0);
      const isStuck = link.isBlocked || (link.counts[EXCLUSIVE] > 1 && isLate);
      return { thread, state: isStuck ? "stuck" : tasks.length > 0 ? "busy" : "idle", tasks };
    });
  }
}
