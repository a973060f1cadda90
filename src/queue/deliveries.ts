/**
 * Which parcel brought which task. A parcel is acknowledged when all its tasks are settled; what was lost on the way, with a channel or
 * a claim, comes again from elsewhere.
 */

type Delivery<Source> = {
  readonly source: Source;
  readonly acknowledge: () => void;
  /** Of a clock that only measures. */
  readonly cameAt: number;
  left: number;
};

/** @template Source whose loss takes its parcels with it. */
export class Deliveries<Source> {
  readonly #byTask = new Map<string, Delivery<Source>>();

  /** @param ids those of its tasks that somebody will settle; without any it is acknowledged now. */
  add(source: Source, ids: readonly string[], acknowledge: () => void): void {
    const delivery: Delivery<Source> = {
      source,
      acknowledge,
      cameAt: performance.now(),
      left: ids.length,
    };
    for (const id of ids) this.#byTask.set(id, delivery);
    if (ids.length === 0) acknowledge();
  }

  has(id: string): boolean {
    return this.#byTask.has(id);
  }

  /** Whether it came before this moment. */
  cameBefore(id: string, moment: number): boolean {
    return (this.#byTask.get(id)?.cameAt ?? Infinity) < moment;
  }

  /** Whether something of it is not settled. */
  holds(source: Source): boolean {
    for (const delivery of this.#byTask.values()) if (delivery.source === source) return true;
    return false;
  }

  settle(id: string): void {
    this.release(id)?.settle();
  }

  /** Forgets whose it was. @returns how to settle it with the parcel that brought it, whatever has brought it again by then; or to have it back. */
  release(id: string): { settle: () => void; restore: () => void } | null {
    const delivery = this.#byTask.get(id);
    if (delivery === undefined) return null;
    this.#byTask.delete(id);
    return {
      settle: () => {
        if (--delivery.left === 0) delivery.acknowledge();
      },
      restore: () => void this.#byTask.set(id, delivery),
    };
  }

  /** @returns the tasks it had brought and that were not settled. */
  lose(source: Source): string[] {
    const lost: string[] = [];
    for (const [id, delivery] of this.#byTask) {
      if (delivery.source !== source) continue;
      this.#byTask.delete(id);
      lost.push(id);
    }
    return lost;
  }
}
