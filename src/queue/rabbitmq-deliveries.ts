/**
 * Which delivery brought which task. A delivery is acknowledged when all its tasks are settled; what its channel took with it when it
 * closed comes again, from the broker, to whoever consumes.
 */
import type { Channel, ConsumeMessage } from "../rabbitmq/link.ts";

type Delivery = { readonly channel: Channel; readonly raw: ConsumeMessage; left: number };

export class Deliveries {
  readonly #byTask = new Map<string, Delivery>();

  /** @param ids those of its tasks that somebody will settle; without any it is acknowledged now. */
  add(channel: Channel, raw: ConsumeMessage, ids: readonly string[]): void {
    const delivery: Delivery = { channel, raw, left: ids.length };
    for (const id of ids) this.#byTask.set(id, delivery);
    if (ids.length === 0) acknowledge(delivery);
  }

  has(id: string): boolean {
    return this.#byTask.has(id);
  }

  settle(id: string): void {
    this.release(id)();
  }

  /** Forgets whose it was. @returns how to settle it with the delivery that brought it, whatever has brought it again by then. */
  release(id: string): () => void {
    const delivery = this.#byTask.get(id);
    if (delivery === undefined) return () => {};
    this.#byTask.delete(id);
    return () => {
      if (--delivery.left === 0) acknowledge(delivery);
    };
  }

  /** @returns the tasks it had brought and that were not settled. */
  lose(channel: Channel): string[] {
    const lost: string[] = [];
    for (const [id, delivery] of this.#byTask) {
      if (delivery.channel !== channel) continue;
      this.#byTask.delete(id);
      lost.push(id);
    }
    return lost;
  }
}

function acknowledge({ channel, raw }: Delivery): void {
  try {
    channel.ack(raw);
  } catch {
    // The channel closed meanwhile: it comes again, and the row says that it is done.
  }
}
