/**
 * Tasks that the queue did not take, or may have lost. Those that only ride get a row now, and all are marked as unseen: the sweeper
 * of some process finds them. While the store is away too they are kept, within bounds; what has a row is found later in any case.
 */
import type { Flight, Flights } from "../engine/flights.ts";
import type { Message } from "../queue/queue.ts";
import type { SharedStore } from "../store/shared-store.ts";
import type { TaskEvent } from "../task/decide.ts";
import type { TaskSpec } from "../task/task.ts";

const AT_ONCE = 1000;
const AGAIN_MS = 500;
const MOST = 200_000;
/** Much is told at once when a server goes. */
const TOLD_TOGETHER_MS = 100;
/** By then a ride has ended or is claimed, unless it still waits or is lost. */
export const RIDE_MS = 1500;

export type StraysOptions = {
  store: Pick<SharedStore, "apply" | "unpublished" | "postpone">;
  flights: Flights;
  now: () => number;
  onError: (error: unknown) => void;
};

type Stray = { readonly spec: TaskSpec; readonly hasRow: boolean; readonly mayCome: boolean };

export class Strays {
  readonly #options: StraysOptions;
  #waiting: Stray[] = [];
  #working: Promise<void> | null = null;
  #looking: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(options: StraysOptions) {
    this.#options = options;
  }

  /** They were not taken. */
  add(messages: readonly Message[]): void {
    this.#add(messages.map(({ spec, isRide }) => ({ spec, hasRow: !isRide, mayCome: false })));
  }

  /** Whatever rides and is waited for here may be lost, and may come all the same. */
  addRides(): void {
    if (this.#isClosed) return;
    this.#looking ??= setTimeout(() => {
      this.#looking = null;
      const rides = [...this.#options.flights].filter((flight) => flight.isRide && flight.spec !== null);
      this.#add(rides.map(({ spec, hasRow }) => ({ spec: spec!, hasRow, mayCome: true })));
    }, TOLD_TOGETHER_MS);
    this.#looking.unref();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#looking !== null) clearTimeout(this.#looking);
    await this.#working;
  }

  #add(strays: readonly Stray[]): void {
    for (const stray of strays) if (this.#waiting.length < MOST) this.#waiting.push(stray);
    if (this.#waiting.length > 0) this.#working ??= this.#work().finally(() => (this.#working = null));
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, AT_ONCE);
      try {
        await this.#settle(batch);
        this.#waiting.splice(0, batch.length);
      } catch (error) {
        this.#options.onError(error);
        if (this.#isClosed) return;
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS).unref());
      }
    }
  }

  async #settle(batch: readonly Stray[]): Promise<void> {
    const { store, flights, now } = this.#options;
    // What ended meanwhile needs nothing more.
    const open = batch.filter(({ spec, mayCome }) => !mayCome || flights.get(spec.id) !== undefined);
    const unwritten = open.filter(({ hasRow }) => !hasRow).map(({ spec }) => spec);
    await writeRows(store, unwritten, now());
    for (const { id } of unwritten) {
      const flight: Flight | undefined = flights.get(id);
      if (flight) flight.hasRow = true;
    }
    const idsOf = (some: readonly Stray[]): string[] => some.map(({ spec }) => spec.id);
    await store.postpone(idsOf(open.filter(({ mayCome }) => mayCome)), RIDE_MS);
    await store.unpublished(idsOf(open.filter(({ mayCome }) => !mayCome)));
  }
}

/** They are published after a while; what only rides gets its row first. */
export async function postpone(
  store: Pick<SharedStore, "apply" | "postpone">,
  messages: readonly Message[],
  at: number,
  ms: number,
): Promise<void> {
  const rides = messages.filter(({ isRide }) => isRide).map(({ spec }) => spec);
  await writeRows(store, rides, at);
  await store.postpone(
    messages.map(({ spec }) => spec.id),
    ms,
  );
}

async function writeRows(
  store: Pick<SharedStore, "apply">,
  specs: readonly TaskSpec[],
  at: number,
): Promise<void> {
  if (specs.length === 0) return;
  await store.apply(specs.map((spec): TaskEvent => ({ type: "submit", id: spec.id, at, spec })));
}
