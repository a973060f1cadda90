/**
 * Promises what was let in to be waited for, when the wait is over first. It was counted and admitted then, so it is neither
 * counted nor asked for again: also a node that stops or is full says truly that the task goes on.
 */
import type { Applied } from "../store/store.ts";
import { isFinal } from "../task/state.ts";
import { newTask, type Task } from "../task/task.ts";
import { conflictAnswer } from "./conflict-answer.ts";
import type { Answer } from "./engine.ts";
import type { Flight } from "./flights.ts";
import { answerOf, type EngineParts } from "./parts.ts";

/** @returns null when nothing is known of it: it is still on its way in. @throws what the store throws */
export async function promiseTask(parts: EngineParts, task: string): Promise<Answer | null> {
  const flight = parts.flights.get(task);
  if (flight?.spec && !flight.hasRow) return promiseRide(parts, flight, flight.spec);
  const [row] = await parts.store.get([task]);
  return row ? promised(row) : null;
}

/** It is in the queue, or runs: to write its row is all. */
async function promiseRide(
  { store, now }: EngineParts,
  flight: Flight,
  spec: NonNullable<Flight["spec"]>,
): Promise<Answer> {
  const event = { type: "submit", id: spec.id, at: now(), spec } as const;
  const [applied] = (await store.apply([event])) as [Applied];
  if (applied.verdict === "conflict") return conflictAnswer(spec.id, "id");
  flight.hasRow = true;
  return promised(applied.task ?? newTask(spec));
}

function promised(row: Task): Answer {
  return isFinal(row.state) ? answerOf(row) : { status: "queued", task: row.id, isRepeat: false };
}
