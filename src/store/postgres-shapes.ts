/**
 * What requests of one action have in common, said once for all of them: each row then only tells which of these it is.
 */
import type { TaskSpec } from "../task/task.ts";
import { bigints, integers, texts } from "./postgres-arrays.ts";
import { policyText } from "./task-row.ts";

type Shape = Pick<TaskSpec, "action" | "queue" | "priority" | "policy">;

export class PostgresShapes {
  readonly #shapes: Shape[] = [];
  readonly #places = new Map<string, number>();
  #last: Shape | null = null;
  #lastPlace = 0;

  /** action, queue, priority and policy of `x.h`, where {@link values} are given from this parameter on. */
  static columns(first: number): string {
    return `($${first}::text[])[x.h], ($${first + 1}::text[])[x.h], ($${first + 2}::integer[])[x.h], ($${first + 3}::text[])[x.h]`;
  }

  /** @returns its place, counted from 1. */
  add(shape: Shape): number {
    const last = this.#last;
    // Most come in runs.
    if (
      last !== null &&
      last.action === shape.action &&
      last.queue === shape.queue &&
      last.priority === shape.priority &&
      last.policy === shape.policy
    )
      return this.#lastPlace;
    const { action, queue, priority, policy } = shape;
    const key = JSON.stringify([action, queue, priority, policyText(policy)]);
    let place = this.#places.get(key);
    if (place === undefined) {
      place = this.#shapes.push(shape);
      this.#places.set(key, place);
    }
    this.#last = shape;
    this.#lastPlace = place;
    return place;
  }

  values(): Buffer[] {
    return [
      texts(this.#shapes.map(({ action }) => action)),
      texts(this.#shapes.map(({ queue }) => queue)),
      integers(this.#shapes.map(({ priority }) => priority)),
      texts(this.#shapes.map(({ policy }) => policyText(policy))),
    ];
  }

  /** How long a finished task is kept, where that is its own. */
  retentions(): Buffer {
    return bigints(this.#shapes.map(({ policy }) => policy.retentionMs));
  }
}
