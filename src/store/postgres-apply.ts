/**
 * One transaction for the events of several calls. Events of one task are decided in their order; those of different tasks do not
 * touch each other (but for keys, and what has a key is decided in order), so what is alike goes in one statement each.
 */
import { newTask } from "../task/task.ts";
import type { TaskEvent } from "../task/decide.ts";
import { isDone, isPlainSubmit, isRide, type Done, type Ride, type Submit } from "./plain-events.ts";
import { CountChanges } from "./postgres-counts.ts";
import { applyDecided } from "./postgres-decided.ts";
import { finishAll, insertRides, insertSubmits } from "./postgres-plain.ts";
import type { Connection } from "../postgres/pool.ts";
import type { Applied } from "./store.ts";

const APPLIED: Applied = Object.freeze({ verdict: "applied" });

/** Within a transaction of the caller's. */
export async function applyAll(connection: Connection, events: readonly TaskEvent[]): Promise<Applied[]> {
  const changes = new CountChanges();
  const { rides, submits, finishes, others } = sorted(events);
  const applied = new Set<string>();
  const quick = async (made: Promise<Set<string>>): Promise<void> => {
    for (const id of await made) applied.add(id);
  };
  if (rides.length > 0) await quick(insertRides(connection, rides, changes));
  if (submits.length > 0) await quick(insertSubmits(connection, submits, changes));
  if (finishes.length > 0) await quick(finishAll(connection, finishes, changes));
  // An id of a quick event has no other event: what is left of those is decided among the others, in order.
  const rest = events.filter((event) => others.has(event.id) || !applied.has(event.id));
  const decided = rest.length === 0 ? [] : await applyDecided(connection, rest, changes);
  await changes.write(connection);
  let at = 0;
  return events.map((event) => {
    if (others.has(event.id) || !applied.has(event.id)) return decided[at++]!;
    return event.type === "submit" ? { verdict: "applied", task: newTask(event.spec) } : APPLIED;
  });
}

type Sorted = { rides: Ride[]; submits: Submit[]; finishes: Done[]; others: Set<string> };

function sorted(events: readonly TaskEvent[]): Sorted {
  const seen = new Set<string>();
  const others = new Set<string>();
  for (const { id } of events) {
    if (seen.has(id)) others.add(id);
    seen.add(id);
  }
  const found: Sorted = { rides: [], submits: [], finishes: [], others };
  for (const event of events) {
    if (others.has(event.id)) continue;
    if (isRide(event)) found.rides.push(event);
    else if (isPlainSubmit(event)) found.submits.push(event);
    else if (event.spec === undefined && isDone(event)) found.finishes.push(event);
    else others.add(event.id);
  }
  return found;
}
