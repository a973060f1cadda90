/** What waits elsewhere in one line: tasks of one queue and priority, but for those of an action that has a lane of its own. */

import type { TaskSpec } from "../task/task.ts";

/** In the name of no queue and no action. */
export const LANE_SIGN = "#";

export type RemoteLane = {
  /** As {@link laneName} makes it. */
  readonly name: string;
  readonly priority: number;
};

/** @param action when it has a lane of its own: since it is limited, a flood of it would hold up all that comes behind. */
export function laneName(queue: string, action: string | null): string {
  return action === null ? queue : queue + LANE_SIGN + action;
}

/** Where a task waits. */
export function laneOf(
  { queue, priority, action }: TaskSpec,
  hasOwnLane: (action: string) => boolean,
): RemoteLane {
  return { name: laneName(queue, hasOwnLane(action) ? action : null), priority };
}

export function queueOf({ name }: RemoteLane): string {
  const at = name.indexOf(LANE_SIGN);
  return at < 0 ? name : name.slice(0, at);
}

export function isSameLane(a: RemoteLane, b: RemoteLane): boolean {
  return a.name === b.name && a.priority === b.priority;
}

/** Of all lanes. */
export function keyOf({ name, priority }: RemoteLane): string {
  return `${priority}${name}`;
}
