/** The events that most tasks consist of, told from the others: drivers have quick ways for them. */
import type { TaskEvent } from "../task/decide.ts";
import type { TaskSpec } from "../task/task.ts";
import { mentionsBlob } from "./blob-refs.ts";

type Finish = Extract<TaskEvent, { type: "finish" }>;
export type Submit = Extract<TaskEvent, { type: "submit" }>;
/** Done, with nothing else to tell. */
export type Done = Finish & { readonly outcome: Extract<Finish["outcome"], { type: "done" }> };
/** The first attempt of a task that nobody was promised. */
export type Ride = Done & { readonly spec: TaskSpec };

export function isDone(event: TaskEvent): event is Done {
  return (
    event.type === "finish" &&
    event.outcome.type === "done" &&
    event.outcome.resultBlob === null &&
    !event.log?.length &&
    (event.progress ?? null) === null &&
    !mentionsBlob(event.outcome.result)
  );
}

export function isRide(event: TaskEvent): event is Ride {
  return (
    event.spec !== undefined && isDone(event) && event.attempt === 1 && isPlainSpec(event.spec, event.id)
  );
}

export function isPlainSubmit(event: TaskEvent): event is Submit {
  return event.type === "submit" && isPlainSpec(event.spec, event.id);
}

function isPlainSpec(spec: TaskSpec, id: string): boolean {
  return (
    spec.id === id &&
    spec.key === null &&
    spec.owner === null &&
    spec.dueAt === null &&
    spec.payloadBlob === null &&
    !mentionsBlob(spec.payload)
  );
}
