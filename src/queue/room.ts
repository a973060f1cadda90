/**
 * How much waits in memory, and how much more may. The window is for all; but whatever waits in it, perhaps for long, every queue
 * and priority has a hundredth of it to itself: a paused queue or a flood of low priority keeps nobody else out.
 */
import type { Share } from "./lane.ts";

const SHARE = 1 / 100;
/** What the shares may add to a window that is full. */
const MOST = 2;

export class Room {
  readonly #tasks: number;
  readonly #bytes: number;
  readonly #shares = new Map<string, Share>();
  #waiting = 0;
  #waitingBytes = 0;

  constructor(tasks: number, bytes: number) {
    this.#tasks = tasks;
    this.#bytes = bytes;
  }

  /** @param name of the queue and priority. */
  share(name: string): Share {
    let share = this.#shares.get(name);
    if (share === undefined) this.#shares.set(name, (share = { tasks: 0, bytes: 0 }));
    return share;
  }

  /** Names come from outside: those nothing waits under must not pile up. */
  forget(name: string): void {
    if (this.#shares.get(name)?.tasks === 0) this.#shares.delete(name);
  }

  count(share: Share | null, tasks: 1 | -1, bytes: number): void {
    this.#waiting += tasks;
    this.#waitingBytes += bytes;
    if (share === null) return;
    share.tasks += tasks;
    share.bytes += bytes;
  }

  /** How many more may come of this share, if they are of this size. */
  more(share: Share, bytesEach: number): number {
    const ofAll = fits(this.#tasks - this.#waiting, this.#bytes - this.#waitingBytes, bytesEach);
    const most = fits(this.#tasks * MOST - this.#waiting, this.#bytes * MOST - this.#waitingBytes, bytesEach);
    const own = fits(
      Math.ceil(this.#tasks * SHARE) - share.tasks,
      this.#bytes * SHARE - share.bytes,
      bytesEach,
    );
    return Math.max(ofAll, Math.min(own, most));
  }

  /** So little is left that it is worth reading more. */
  isLow(share: Share): boolean {
    const isHalfEmpty = this.#waiting * 2 < this.#tasks && this.#waitingBytes * 2 < this.#bytes;
    return isHalfEmpty || (share.tasks * 2 < this.#tasks * SHARE && share.bytes * 2 < this.#bytes * SHARE);
  }
}

/** One that is larger than all the room there is fits where there is any. */
function fits(tasks: number, bytes: number, bytesEach: number): number {
  return tasks <= 0 || bytes <= 0 ? 0 : Math.min(tasks, Math.ceil(bytes / bytesEach));
}
