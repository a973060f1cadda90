/** What a node does with what its last life left behind, before it takes anything new. */
import type { EmbeddedQueue } from "../queue/embedded.ts";
import type { Store } from "../store/store.ts";
import type { TaskEvent } from "../task/decide.ts";
import type { LeftInHand } from "../worker/in-hand-file.ts";
import type { Worker } from "../worker/worker.ts";

const BATCH = 1000;

export type Recovered = { queued: number; interrupted: number };

/**
 * Rows that say `running` were in the hands of a process that is dead: they wait again. Whatever was in hand runs alone,
 * each by itself; only what ran alone when the node died is charged a loss.
 */
export async function recover(
  store: Store,
  queue: EmbeddedQueue,
  worker: Worker,
  left: LeftInHand,
  now: () => number,
): Promise<Recovered> {
  worker.suspect(left.ids);
  worker.suspect(left.alone);
  let interrupted = 0;
  for (;;) {
    const rows = await store.running(BATCH);
    if (rows.length === 0) break;
    interrupted += rows.length;
    worker.suspect(rows.map((row) => row.id));
    const at = now();
    await store.apply(
      rows.map((row): TaskEvent => {
        const error = { code: "lost", message: "The node stopped while it ran." } as const;
        const outcome = { type: "died", error, isCharged: left.alone.has(row.id) } as const;
        return {
          type: "finish",
          id: row.id,
          at,
          attempt: row.attempt,
          outcome,
          startedAt: row.startedAt ?? at,
          chance: 0,
        };
      }),
    );
  }
  const waiting = (await store.counts()).filter((count) => count.state === "queued");
  queue.recover([...new Set(waiting.map((count) => count.queue))]);
  return { queued: waiting.reduce((sum, one) => sum + one.count, 0), interrupted };
}
