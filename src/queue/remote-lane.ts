/** What waits elsewhere in one line: tasks of one queue and priority, but for those of an action that has a lane of its own. */

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

export function queueOf({ name }: RemoteLane): string {
  const at = name.indexOf(LANE_SIGN);
  return at < 0 ? name : name.slice(0, at);
}

export function isOfQueue(lane: RemoteLane, queue: string): boolean {
  return queueOf(lane) === queue;
}

/** Of all lanes. */
export function keyOf({ name, priority }: RemoteLane): string {
  return `${priority}${name}`;
}
