/**
 * Events as transactions. Events of one task are decided in their order; those of different tasks do not touch each other (but for
 * keys, and what has a key is decided in order), so what is alike goes in one statement. Most often all are alike: then that
 * statement is the transaction; a few statements that need no answer of one another are one, too, in one round trip.
 */
import type { Connection } from "../postgres/connect.ts";
import type { TaskEvent } from "../task/decide.ts";
import { newTask } from "../task/task.ts";
import { isDone, isPlainSubmit, isRide, type Done, type Ride, type Submit } from "./plain-events.ts";
import { CountChanges } from "./postgres-counts.ts";
import { applyDecided } from "./postgres-decided.ts";
import { claimAlone, claimDecided, type Lease } from "./postgres-leases.ts";
import {
  finishAll,
  finishAlone,
  insertRides,
  insertRidesAlone,
  insertSubmits,
  insertSubmitsAlone,
} from "./postgres-plain.ts";
import type { ClaimEvent } from "./shared-store.ts";
import type { Applied } from "./store.ts";

const TAKEN = "23505";
const APPLIED: Applied = Object.freeze({ verdict: "applied" });

/** An answer for each event, where there is one yet. */
export type Answers = (Applied | undefined)[];

/**
 * Where all events are plain: a transaction in one round trip, that answers what it applied, and writes nothing of the others.
 * @param isHopeful whether new tasks are taken to be new: else those that are not would be found out in vain.
 * @returns null when this is no way for them, taken when some are not new: nothing was done.
 */
export async function applyAlone(
  connection: Connection,
  events: readonly TaskEvent[],
  lease: Lease | null,
  isHopeful: boolean,
): Promise<Answers | null | "taken"> {
  if (lease !== null) return claimPlain(connection, events as readonly ClaimEvent[], lease);
  const { rides, submits, finishes, others } = sorted(events);
  if (others.size > 0 || (!isHopeful && finishes.length < events.length)) return null;
  try {
    const statements: (() => Promise<Set<string> | null | void>)[] = [];
    if (rides.length > 0) statements.push(() => insertRidesAlone(connection, rides));
    if (submits.length > 0) statements.push(() => insertSubmitsAlone(connection, submits));
    if (finishes.length > 0) statements.push(() => finishAlone(connection, finishes));
    const finished = (await allOrNone(connection, statements)).at(-1) ?? null;
    if (finished === null) return events.map(appliedTo);
    const fenced = new Set(finishes.flatMap(({ id }) => (finished.has(id) ? [] : [id])));
    return events.map((event) => (fenced.has(event.id) ? undefined : appliedTo(event)));
  } catch (error) {
    if ((error as { code?: unknown }).code === TAKEN) return "taken";
    throw error;
  }
}

/** Statements that are transactions of their own, as one where there are several; all are sent at once. */
async function allOrNone<T>(connection: Connection, statements: readonly (() => Promise<T>)[]): Promise<T[]> {
  if (statements.length === 1) return [await statements[0]!()];
  const begun = connection.query("begin");
  const sent = Promise.all(statements.map((send) => send()));
  // Where one of them failed this undoes the others.
  const [, answers] = await Promise.all([begun, sent, connection.query("commit")]);
  return answers;
}

async function claimPlain(
  connection: Connection,
  events: readonly ClaimEvent[],
  lease: Lease,
): Promise<Answers | null> {
  const repeated = repeatedIds(events);
  const plain = repeated.size === 0 ? events : events.filter(({ id }) => !repeated.has(id));
  if (plain.length === 0) return null;
  const claimed = await claimAlone(connection, plain, lease);
  return events.map(({ id }) => {
    const task = claimed.get(id);
    return task && { verdict: "applied", task };
  });
}

/** Any events; within a transaction of the caller's. The statements of the plain ones go out together. */
export async function applyTogether(
  connection: Connection,
  events: readonly TaskEvent[],
  lease: Lease | null,
  changes: CountChanges,
): Promise<Applied[]> {
  if (lease !== null) return claimDecided(connection, events, lease, changes);
  const { rides, submits, finishes, others } = sorted(events);
  const made = await Promise.all([
    rides.length > 0 && insertRides(connection, rides, changes),
    submits.length > 0 && insertSubmits(connection, submits, changes),
    finishes.length > 0 && finishAll(connection, finishes, changes),
  ]);
  const applied = new Set(made.flatMap((ids) => (ids === false ? [] : [...ids])));
  // An id of a plain event has no other event: what is left of those is decided among the others, in order.
  const isLeft = ({ id }: TaskEvent): boolean => others.has(id) || !applied.has(id);
  const rest = events.filter(isLeft);
  const decided = rest.length === 0 ? [] : await applyDecided(connection, rest, changes);
  let at = 0;
  return events.map((event) => (isLeft(event) ? decided[at++]! : appliedTo(event)));
}

function appliedTo(event: TaskEvent): Applied {
  return event.type === "submit" ? { verdict: "applied", task: newTask(event.spec) } : APPLIED;
}

type Sorted = { rides: Ride[]; submits: Submit[]; finishes: Done[]; others: Set<string> };

function sorted(events: readonly TaskEvent[]): Sorted {
  const others = repeatedIds(events);
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

function repeatedIds(events: readonly TaskEvent[]): Set<string> {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const { id } of events) (seen.has(id) ? repeated : seen).add(id);
  return repeated;
}
