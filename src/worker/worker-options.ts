/** What a worker is given, and whom it tells. */
import type { Message, Queue } from "../queue/queue.ts";
import type { Applied, Store } from "../store/store.ts";
import type { TaskEvent } from "../task/decide.ts";
import type { Leasing } from "./claims.ts";
import type { Hand } from "./hands.ts";
import type { InHandLog } from "./in-hand-file.ts";
import type { Pool, Report } from "./pool.ts";

/** What the rest of the node is told. Calls come in batches, after what they tell is durable, but for `started`. */
export interface WorkerObserver {
  started(hands: readonly Hand[]): void;
  reported(hand: Hand, report: Report): void;
  /** `event` is what was recorded, `applied` what the store said to it. */
  recorded(message: Message, event: TaskEvent, applied: Applied): void;
  /** Its row is leased: the queue need not remember it. */
  leased(message: Message): void;
  /** These are nothing to this worker any more: the row, or who runs them now, tells their end. */
  passedOver(messages: readonly Message[]): void;
  trouble(error: unknown): void;
}

export type WorkerOptions = {
  queue: Queue;
  store: Pick<Store, "apply">;
  pool: Pool;
  /** A pool of one process and one thread, for suspects. */
  openQuarantinePool: () => Pool;
  quarantineCells: number;
  quarantineIdleMs?: number;
  inHandLog: InHandLog;
  /** Null where nobody else runs the tasks of this store. */
  sharing: Sharing | null;
  observer: WorkerObserver;
  now: () => number;
  random: () => number;
};

/** What a worker needs beside others: see the rules of a run in docs/distributed.md. */
export type Sharing = Leasing & {
  /** @returns ids of those whose rows do not wait for this attempt. */
  check(messages: readonly Message[]): Promise<ReadonlySet<string>>;
  /** The actions of this pool; tasks of others are for other workers. */
  isServed(action: string): boolean;
  putAside(messages: readonly Message[]): void;
};
