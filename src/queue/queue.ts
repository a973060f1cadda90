import type { TaskSpec } from "../task/task.ts";

/**
 * Who is next. The queue holds no truth: it may lose, repeat or reorder what it is given, and nothing breaks, since the
 * store decides (store/store.ts) and tasks that stay unseen are published again.
 *
 * - `publish` takes arrays. It MUST NOT block the caller: a queue that is full keeps the newest out and gets them again
 *   from the store's backlog (tasks with a row), or refuses with `busy` (tasks without one). Where messages travel, they may be
 *   a while on their way to `take`, of this process or of another; a driver tells its own callback which did not arrive for certain.
 * - `take` MUST give high priorities first, yet never starve the low ones (ageing); within one queue and priority, in the order
 *   of publishing, but rides of many senders may take turns, each sender's in order; nothing of a paused queue. `room` says how many of an action may be taken now; an action without room
 *   MUST NOT hold up others behind it. Rides begin at once, what has a row is perhaps asked about first: each has its own room.
 * - Taken messages belong to the taker until `settle` (their row is final or leased) or `putBack`.
 *   After the taker's death they MUST come again, as `isRepeat`, and never as rides.
 * - `onReady` is called when there may be something to take after `take` gave nothing. It is a hint: calling it too
 *   often is allowed, never calling it is not.
 */
export type RoomFor = (action: string, isRide: boolean) => number;

export interface Queue extends AsyncDisposable {
  publish(messages: readonly Message[]): void;
  take(max: number, room: RoomFor): Message[];
  onReady(listener: () => void): void;
  settle(messages: readonly Message[]): void;
  putBack(messages: readonly Message[]): void;
  /** Takes out what waits, if it is here. Says which were: elsewhere others may wait, and the row alone stops them. */
  remove(ids: readonly string[]): string[];

  pause(queue: string): void;
  resume(queue: string): void;
  /**
   * From now on nothing is given, until `startTaking`. What came here from elsewhere and was not taken goes back for others, and so
   * does what is put back meanwhile; what can be given by nobody else waits here. Twice is safe, each.
   */
  stopTaking(): void;
  startTaking(): void;
  /** From now on only rides are given: before a stop, what has a row can wait for the next start. */
  quiesce(): void;

  depths(): QueueDepth[];
  /** At most so many of this queue wait that are of a lower priority; null when nobody can tell. */
  waitingBelow(queue: string, priority: number): number | null;
  /** How many would start before this one; null when it does not wait here. */
  position(id: string): number | null;
  close(): Promise<void>;
}

/** One try that is to happen: attempt `attempt` of `spec`. */
export type Message = {
  readonly spec: TaskSpec;
  /** Row's attempt + 1. */
  readonly attempt: number;
  /** First publish of a task that nobody was promised: it is run without asking the store, and may have no row. */
  readonly isRide: boolean;
  /** It was in hand when its process died: runs alone, claimed just before. */
  readonly isSuspect: boolean;
  /** It may have been begun before, by whoever had it first: it is claimed before it runs. Left out for what was never given. */
  readonly isRepeat?: true;
  /** Where somebody waits for its end: an address of the bus. Left out when nobody does, or only in this process. */
  readonly waiter?: string | undefined;
  /** Of a ride, who in this process sent it: rides of many senders take turns. Left out for all who need none. */
  readonly sender?: object;
};

/** Of what is behind a network, as it was lately; what waits there is counted, and its size estimated. */
export type QueueDepth = {
  queue: string;
  waiting: number;
  waitingBytes: number;
  /** Epoch ms of the oldest that waits; null when none does. */
  oldestAt: number | null;
};
