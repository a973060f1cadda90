/**
 * The queue of many processes: a server says who is next, and a window here holds what was fetched, picked like the embedded queue's.
 * Tasks travel in parcels; which server carries them, and how, is the transport's. Nothing is promised here: what could not be
 * confirmed is told, and the rows are the truth.
 */
import { Deliveries } from "./deliveries.ts";
import { Intake } from "./intake.ts";
import type { Done } from "./outgoing.ts";
import type { Message, QueueDepth, RoomFor } from "./queue.ts";
import type { QueueHealth, RemoteQueue, RemoteQueueObserver, RemoteQueueOptions } from "./remote-queue.ts";
import { AGE_STEP_MS, Window } from "./window.ts";

const CLOSE_MS = 5000;

export interface Transport {
  readonly publisher: {
    /** What has no `done` is told to the observer when it could not be confirmed. */
    add(messages: readonly Message[], done?: Done): void;
    remove(id: string): boolean;
    /** What is here goes out, or is told as unpublished. */
    close(graceMs: number): Promise<void>;
  };
  readonly isPublishing: boolean;
  readonly isConsuming: boolean;
  /** Resolves after the first try to connect, also when that failed. */
  open(): Promise<void>;
  /** There may be tasks of these. */
  serve(queues: readonly string[]): void;
  /** It is wanted again; null: whatever is wanted. */
  want(queue: string | null): void;
  /** @param queue null for all. Resolves when nothing more comes of what is not wanted any longer. */
  stop(queue: string | null): Promise<void>;
  /** What waits there and not here, by queue. */
  waiting(): Map<string, Waiting>;
  /** Last of all, after its publisher. */
  close(): Promise<void>;
}

/** As it was lately. Null for what the server does not tell. */
export type Waiting = {
  readonly tasks: number;
  readonly bytes: number | null;
  readonly oldestAt: number | null;
};

/** What a transport brings its parcels to. */
export type Landing<Source> = {
  readonly intake: Intake<Source>;
  /** After what came. */
  readonly announce: () => void;
  readonly isWanted: (queue: string) => boolean;
  /** @param reason why it takes nothing for now; null when it does. */
  readonly block: (reason: string | null) => void;
};

/** @template Source whose loss takes its parcels with it. */
export class ParcelQueue<Source> implements RemoteQueue {
  readonly #observer: RemoteQueueObserver;
  readonly #window: Window;
  readonly #deliveries = new Deliveries<Source>();
  readonly #transport: Transport;
  #blocked: string | null = null;
  /** Resolves when nothing more comes of what is not taken any longer. */
  #stopping: Promise<void> = Promise.resolve();
  #isQuiet = false;
  #isClosed = false;

  constructor(
    options: RemoteQueueOptions & { observer: RemoteQueueObserver },
    createTransport: (landing: Landing<Source>) => Transport,
  ) {
    this.#observer = options.observer;
    this.#window = new Window({
      ageStepMs: options.ageStepMs ?? AGE_STEP_MS,
      shareOf: () => null,
      onCount: () => {},
      onEmpty: () => {},
    });
    this.#transport = createTransport({
      intake: new Intake(this.#window, this.#deliveries),
      announce: () => this.#window.announce(),
      isWanted: (queue) => this.#isTaking && !this.#window.isPaused(queue),
      block: (reason) => this.#block(reason),
    });
  }

  get #isTaking(): boolean {
    return this.#window.isGiving && !this.#isQuiet && !this.#isClosed;
  }

  get health(): QueueHealth {
    const { isPublishing, isConsuming } = this.#transport;
    return { isPublishing, isConsuming, blocked: this.#blocked };
  }

  open(): Promise<void> {
    return this.#transport.open();
  }

  serve(queues: readonly string[]): void {
    this.#transport.serve(queues);
  }

  publish(messages: readonly Message[]): void {
    const fresh = messages.filter(({ spec }) => !this.#window.has(spec.id));
    if (this.#isClosed) setImmediate(() => this.#observer.unpublished(fresh, "the queue was closed"));
    else this.#transport.publisher.add(fresh);
  }

  take(max: number, room: RoomFor): Message[] {
    return this.#window.take(max, this.#window.openLanes(room));
  }

  adopt(messages: readonly Message[]): void {
    // Whoever looks for them next finds them.
    if (!this.#isTaking) return;
    for (const message of messages) if (!this.#window.has(message.spec.id)) this.#window.add(message);
    this.#window.announce();
  }

  onReady(listener: () => void): void {
    this.#window.onReady(listener);
  }

  settle(messages: readonly Message[]): void {
    for (const { spec } of messages) {
      this.#window.settle(spec.id);
      this.#deliveries.settle(spec.id);
    }
  }

  putBack(messages: readonly Message[]): void {
    this.#window.putBack(messages);
    if (!this.#window.isGiving) this.#giveBackWaiting();
  }

  remove(ids: readonly string[]): string[] {
    return ids.filter((id) => {
      if (this.#transport.publisher.remove(id)) return true;
      if (!this.#window.isWaiting(id)) return false;
      this.#window.settle(id);
      this.#deliveries.settle(id);
      return true;
    });
  }

  pause(queue: string): void {
    this.#window.pause(queue);
    void this.#transport.stop(queue).then(() => {
      if (this.#window.isPaused(queue) && !this.#isClosed)
        this.#giveBack(this.#window.messages("waiting").filter(({ spec }) => spec.queue === queue));
    });
  }

  resume(queue: string): void {
    this.#window.resume(queue);
    if (this.#isTaking) this.#transport.want(queue);
  }

  stopTaking(): void {
    this.#window.stopTaking();
    this.#stopping = this.#transport.stop(null);
    this.#giveBackWaiting();
  }

  startTaking(): void {
    this.#window.startTaking();
    if (this.#isTaking) this.#transport.want(null);
  }

  quiesce(): void {
    this.#isQuiet = true;
    this.#window.quiesce();
    void this.#transport.stop(null).then(() => {
      if (!this.#isClosed) this.#giveBack(this.#window.messages("waiting").filter(({ isRide }) => !isRide));
    });
  }

  spread(waitedMs: number, keep: number): void {
    // What could not be given back then may be now.
    if (!this.#window.isGiving) return this.#giveBackWaiting();
    if (!this.#isTaking) return;
    const elsewhere = this.#transport.waiting();
    const before = performance.now() - waitedMs;
    const idle = this.#window
      .messages("waiting")
      .filter(({ spec }) => (elsewhere.get(spec.queue)?.tasks ?? 0) === 0)
      .filter(({ spec }) => this.#deliveries.cameBefore(spec.id, before));
    if (idle.length > keep) this.#giveBack(idle.slice(keep));
  }

  depths(): QueueDepth[] {
    const depths = new Map(this.#window.depths().map((depth) => [depth.queue, depth]));
    for (const [queue, { tasks, bytes, oldestAt }] of this.#transport.waiting()) {
      const here = depths.get(queue) ?? { queue, waiting: 0, waitingBytes: 0, oldestAt: null };
      const bytesEach = here.waiting > 0 ? here.waitingBytes / here.waiting : 0;
      depths.set(queue, {
        queue,
        waiting: here.waiting + tasks,
        waitingBytes: here.waitingBytes + (bytes ?? Math.round(bytesEach * tasks)),
        oldestAt: earlier(here.oldestAt, oldestAt),
      });
    }
    return [...depths.values()];
  }

  /** What lies elsewhere is not told by priority. */
  waitingBelow(_queue: string, priority: number): number | null {
    return priority === 0 ? 0 : null;
  }

  /** Of what lies here; elsewhere nobody can tell. */
  position(id: string): number | null {
    return this.#window.position(id);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#transport.stop(null);
    const begun = this.#window.messages("taken");
    this.#giveBack(this.#window.messages("waiting"));
    this.#giveBack(begun.map((message) => ({ ...message, isRide: false, isRepeat: true })));
    await this.#transport.publisher.close(CLOSE_MS);
    await this.#transport.close();
    this.#window.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #giveBackWaiting(): void {
    // Until then it would come here again.
    void this.#stopping.then(() => {
      if (!this.#window.isGiving && !this.#isClosed) this.#giveBack(this.#window.messages("waiting"));
    });
  }

  /** For others, as new parcels: to return the old ones would mark what nobody has begun as given before. */
  #giveBack(messages: readonly Message[]): void {
    for (const { spec } of messages) this.#window.settle(spec.id);
    // What came by a parcel that was lost comes again by itself.
    const ours = messages.filter(({ spec }) => this.#deliveries.has(spec.id));
    const released = new Map(ours.map(({ spec }) => [spec.id, this.#deliveries.release(spec.id)!]));
    this.#transport.publisher.add(ours, (message, isConfirmed) => {
      const { id } = message.spec;
      const mine = released.get(id)!;
      // Or it has come by another parcel meanwhile, which answers for it.
      if (isConfirmed || this.#window.has(id)) mine.settle();
      // Else it comes again when its parcel is given to another. It may have arrived, and be with somebody who runs it.
      else if (!this.#isClosed) {
        this.#window.add({ ...message, isRide: false, isRepeat: true });
        mine.restore();
      }
    });
  }

  #block(reason: string | null): void {
    if (this.#blocked === reason) return;
    this.#blocked = reason;
    this.#observer.blocked(reason);
  }
}

function earlier(a: number | null, b: number | null): number | null {
  return a === null || (b !== null && b < a) ? b : a;
}
