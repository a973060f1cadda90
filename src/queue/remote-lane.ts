/** What waits elsewhere in one line: tasks of one queue and priority, but for those of an action that has a lane of its own. */

import type { TaskSpec } from "../task/task.ts";

/** In the name of no queue and no action. */
export const LANE_SIGN = "#";
const RIDES = "~rides";

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

/** Beside a lane, for those that ride: what is promised to nobody need not outlive the server that holds it. */
export function ridesOf({ name, priority }: RemoteLane): RemoteLane {
  return { name: name + RIDES, priority };
}

export function isForRides({ name }: RemoteLane): boolean {
  return name.endsWith(RIDES);
}

/** The lane itself, of the one beside it. */
export function withoutRides({ name, priority }: RemoteLane): RemoteLane {
  return { name: isForRides({ name, priority }) ? name.slice(0, -RIDES.length) : name, priority };
}

export function queueOf(lane: RemoteLane): string {
  const { name } = withoutRides(lane);
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
