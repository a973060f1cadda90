/**
 * Events on their way to the writer's thread. The three kinds that make up the load travel as one array of numbers and
 * one text, which clone many times faster than objects; names and policies, which repeat, travel once a message.
 */
import type { TaskEvent } from "../task/decide.ts";
import type { PriorityLevel, TaskSpec } from "../task/task.ts";
import { isDone, isRide } from "./plain-events.ts";
import { policyOf, policyText } from "./task-row.ts";

export type Packed = {
  readonly kinds: readonly Kind[];
  /** Made for the message: its buffer may be transferred. */
  readonly numbers: Float64Array<ArrayBuffer>;
  /** All short texts, one after another; the lengths of all texts are among the numbers, -1 for null. */
  readonly text: string;
  /** Texts that are not joined with others: it would copy them once more, and whatever holds one would hold all. */
  readonly long: readonly string[];
  readonly names: readonly (string | null)[];
  /** As they are: events out of the ordinary. */
  readonly others: readonly TaskEvent[];
};

/** Characters. */
const LONG = 16_384;

const RIDE = 0;
const SUBMIT = 1;
const DONE = 2;
const OTHER = 3;
type Kind = typeof RIDE | typeof SUBMIT | typeof DONE | typeof OTHER;

export function pack(events: readonly TaskEvent[]): Packed {
  const kinds: Kind[] = [];
  const numbers: number[] = [];
  const others: TaskEvent[] = [];
  const names = new Names();
  const long: string[] = [];
  let text = "";
  const packText = (value: string | null): void => {
    numbers.push(value === null ? -1 : value.length);
    if (value === null) return;
    if (value.length < LONG) text += value;
    else long.push(value);
  };
  const packSpec = (spec: TaskSpec): void => {
    numbers.push(
      names.index(spec.action),
      names.index(spec.queue),
      names.index(policyText(spec.policy)),
      spec.priority,
      spec.createdAt,
      spec.expiresAt ?? Number.NaN,
      spec.dueAt ?? Number.NaN,
    );
    packText(spec.id);
    packText(spec.payload);
  };
  for (const event of events) {
    if (isRide(event)) {
      kinds.push(RIDE);
      numbers.push(event.at, event.startedAt);
      packText(event.outcome.result);
      packSpec(event.spec);
    } else if (event.type === "submit" && event.spec.owner === null) {
      kinds.push(SUBMIT);
      numbers.push(event.at);
      packText(event.id);
      packText(event.spec.key);
      packText(event.spec.payloadBlob);
      packSpec(event.spec);
    } else if (event.spec === undefined && isDone(event)) {
      kinds.push(DONE);
      numbers.push(event.at, event.startedAt, event.attempt, event.createdAt ?? Number.NaN);
      packText(event.id);
      packText(event.outcome.result);
    } else {
      kinds.push(OTHER);
      others.push(event);
    }
  }
  return { kinds, numbers: Float64Array.from(numbers), text, long, names: names.all, others };
}

export function unpack({ kinds, numbers, text, long, names, others }: Packed): TaskEvent[] {
  let n = 0;
  let t = 0;
  let l = 0;
  let o = 0;
  const optional = (value: number): number | null => (Number.isNaN(value) ? null : value);
  const unpackText = (): string | null => {
    const length = numbers[n++]!;
    if (length < 0) return null;
    return length < LONG ? text.slice(t, (t += length)) : long[l++]!;
  };
  const unpackSpec = (key: string | null, payloadBlob: string | null): TaskSpec => ({
    action: names[numbers[n++]!]!,
    queue: names[numbers[n++]!]!,
    policy: policyOf(names[numbers[n++]!]!),
    priority: numbers[n++]! as PriorityLevel,
    createdAt: numbers[n++]!,
    expiresAt: optional(numbers[n++]!),
    dueAt: optional(numbers[n++]!),
    id: unpackText()!,
    payload: unpackText()!,
    payloadBlob,
    key,
    owner: null,
  });
  // What is read, is read in the order in which it was packed.
  return kinds.map((kind): TaskEvent => {
    switch (kind) {
      case RIDE: {
        const [at, startedAt, result] = [numbers[n++]!, numbers[n++]!, unpackText()];
        const spec = unpackSpec(null, null);
        return { ...finished(spec.id, at, startedAt, 1, result), spec };
      }
      case SUBMIT: {
        const [at, id, key, payloadBlob] = [numbers[n++]!, unpackText()!, unpackText(), unpackText()];
        return { type: "submit", id, at, spec: unpackSpec(key, payloadBlob) };
      }
      case DONE: {
        const [at, startedAt, attempt] = [numbers[n++]!, numbers[n++]!, numbers[n++]!];
        const createdAt = optional(numbers[n++]!) ?? undefined;
        return { ...finished(unpackText()!, at, startedAt, attempt, unpackText()), createdAt };
      }
      case OTHER:
        return others[o++]!;
    }
  });
}

function finished(
  id: string,
  at: number,
  startedAt: number,
  attempt: number,
  result: string | null,
): Extract<TaskEvent, { type: "finish" }> {
  return {
    type: "finish",
    id,
    at,
    attempt,
    startedAt,
    // Only the delay of a retry needs it, and what is done is not tried again.
    chance: 0,
    outcome: { type: "done", result, resultBlob: null },
  };
}

/** Gives each name a number, the same to the same name. */
class Names {
  readonly all: (string | null)[] = [];
  readonly #indexes = new Map<string | null, number>();

  index(name: string | null): number {
    let index = this.#indexes.get(name);
    if (index === undefined) {
      index = this.all.push(name) - 1;
      this.#indexes.set(name, index);
    }
    return index;
  }
}
