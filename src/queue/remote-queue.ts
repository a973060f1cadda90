/**
 * A queue that lies elsewhere, shared by many processes. What all its drivers have alike: whoever assembles a process is told the same
 * and asks the same, whichever it is.
 */
import type { Message, Queue } from "./queue.ts";

export interface RemoteQueue extends Queue {
  /** There may be tasks of these queues: they are looked for, whoever published them. */
  serve(queues: readonly string[]): void;
  /** To be taken here, as if they had been delivered: for a while in which nothing can be. */
  adopt(messages: readonly Message[]): void;
  /**
   * What came so long ago and still waits here, while nothing more of its queue waits elsewhere, goes back for others who may be idle,
   * but for `keep` of them.
   */
  spread(waitedMs: number, keep: number): void;
  /** Ready is who publishes and, where that is its part, consumes. */
  readonly health: QueueHealth;
}

/** @property blocked why nothing is taken from us for now. */
export type QueueHealth = { isPublishing: boolean; isConsuming: boolean; blocked: string | null };

export type UnreadableParcel = { queue: string; bytes: number; isUnknownVersion: boolean; why: string };

export interface RemoteQueueObserver {
  /** Not confirmed, for this reason. They may have arrived nonetheless. Called once for each that was published. */
  unpublished(messages: readonly Message[], why: string): void;
  /** Why it takes nothing for now (memory, disk); null when it does again. */
  blocked(reason: string | null): void;
  unreadable(what: UnreadableParcel): void;
  /** Of the network or the server; it goes on by itself. */
  trouble(error: unknown): void;
}

export type RemoteQueueOptions = {
  /** Whose connections they are, for who looks at the server. */
  name: string;
  random: () => number;
  /** Whether tasks are taken here; else only published. Default true. */
  consumes?: boolean;
  /** Full parcels of one queue and priority that may be here unsettled, of up to 200 tasks each; of small ones more. Default 8. */
  prefetch?: number;
  /** How many tasks of an action may travel together to one worker: few of what takes long. Default 200. */
  tasksAtOnce?: (action: string) => number;
  /** Whether tasks of this action wait apart from the others of their queue. Default never. */
  hasOwnLane?: (action: string) => boolean;
  /** From `publish` to the confirm, at most. Default 10 s. */
  confirmMs?: number;
  /** Most that may wait here to be sent. Default 100,000 tasks, 64 MiB. */
  bufferTasks?: number;
  bufferBytes?: number;
  ageStepMs?: number;
};

export const PREFETCH = 8;
export const CONFIRM_MS = 10_000;
export const BUFFER_TASKS = 100_000;
export const BUFFER_BYTES: number = 64 * 1024 * 1024;
