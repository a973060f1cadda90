/**
 * Publishes again what stayed queued and unseen: its message was lost, or came to nobody who could run it. While the queue cannot be
 * reached, a worker takes such tasks itself. Late or dead: other processes sweep the same rows.
 */
import type { RemoteQueue } from "../../queue/remote-queue.ts";
import type { Message } from "../../queue/queue.ts";
import type { SharedStore } from "../../store/shared-store.ts";
import { isSuspect } from "../../task/suspect.ts";
import { repeat, type Duty } from "./duty.ts";

const TICK_MS = 250;
const AGAIN_MS = 20_000;
const AT_ONCE = 1000;
/** With so much on its way, what is unseen is more likely late than lost. */
const BUSY_DEPTH = 1000;
const AT_ONCE_BUSY = 50;

export type SweeperOptions = {
  store: Pick<SharedStore, "sweep">;
  queue: RemoteQueue;
  /** Whether this process takes tasks now. */
  isTaking: () => boolean;
  onError: (error: unknown) => void;
};

export function startSweeper({ store, queue, isTaking, onError }: SweeperOptions): Duty {
  const sweep = async (): Promise<void> => {
    for (;;) {
      const { isPublishing, blocked } = queue.health;
      const isAway = !isPublishing || blocked !== null;
      // A gateway, or a worker that is drained, can do nothing with them: they are left to others.
      if (isAway && !isTaking()) return;
      const depth = queue.depths().reduce((sum, { waiting }) => sum + waiting, 0);
      if (isAway && depth >= AT_ONCE) return;
      const limit = !isAway && depth > BUSY_DEPTH ? AT_ONCE_BUSY : AT_ONCE;
      const rows = await store.sweep(AGAIN_MS, limit);
      const messages = rows.map((row): Message => ({
        spec: row,
        attempt: row.attempt + 1,
        isRide: false,
        isSuspect: isSuspect(row),
        isRepeat: true,
      }));
      if (isAway) queue.adopt(messages);
      else queue.publish(messages);
      if (rows.length < limit || limit === AT_ONCE_BUSY) return;
    }
  };
  return repeat(TICK_MS, sweep, onError);
}
