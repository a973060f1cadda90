/**
 * Writes rides that take long: a task that is only waited for gets a row when it is still alive after a while, so that it
 * shows in lists and outlives this process. Late or dead: such tasks are known to their clients only, which send them again.
 * It sleeps while no ride is without a row.
 */
import type { Flight, Flights } from "../../engine/flights.ts";
import type { Recent } from "../../engine/recent.ts";
import type { Store } from "../../store/store.ts";
import type { TaskEvent } from "../../task/decide.ts";
import { repeatWhileNeeded, type Duty } from "./duty.ts";

const TICK_MS = 50;
const LEAST_MS = 100;
const MOST_MS = 2000;
const BATCH = 2000;
/** Characters of payloads: a commit takes as long as it has bytes, and others wait for theirs. */
const BATCH_SIZE = 262_144;

export function startLateWriter(
  store: Pick<Store, "apply">,
  flights: Flights,
  recent: Recent,
  now: () => number,
  onError: (error: unknown) => void,
): Duty {
  const write = async (): Promise<boolean> => {
    const ageMs = Math.min(Math.max(LEAST_MS, 3 * recent.total.quantileMs(0.5)), MOST_MS);
    const at = now();
    const late = flights.takeUnwritten(ageMs);
    for (let from = 0, end = 0; from < late.length; from = end) {
      end = batchEnd(late, from);
      const batch = late.slice(from, end).filter((flight) => !flight.isOver);
      const events = batch.map(({ spec }): TaskEvent => ({ type: "submit", id: spec!.id, at, spec: spec! }));
      try {
        await store.apply(events);
        for (const flight of batch) flight.hasRow = true;
      } catch (error) {
        for (const flight of late.slice(from)) if (!flight.isOver) flights.unwritten(flight);
        throw error;
      }
    }
    if (flights.isAnyUnwritten) return true;
    flights.onNextUnwritten(() => duty.wake());
    return false;
  };
  const duty = repeatWhileNeeded(TICK_MS, write, onError);
  duty.wake();
  return duty;
}

function batchEnd(late: readonly Flight[], from: number): number {
  let size = 0;
  for (let at = from; at < late.length && at < from + BATCH; at++) {
    if (at > from && size > BATCH_SIZE) return at;
    size += late[at]!.spec!.payload.length;
  }
  return Math.min(late.length, from + BATCH);
}
