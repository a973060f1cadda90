/** What a token's bearer is shown of tasks: his own keys as he said them, and nobody's name for him. */
import type { WatchListener } from "../engine/engine.ts";
import type { TaskView, WatchEvent } from "../protocol/messages.ts";
import { isFinal } from "../task/state.ts";
import type { Grant } from "./grant.ts";

export function seenAs(view: TaskView, { owner }: Grant): TaskView {
  if (owner === null || view.owner !== owner) return view;
  const { owner: _owner, key, ...rest } = view;
  return key === undefined ? rest : { ...rest, key: key.slice(owner.length + 1) };
}

/** Tasks whose events pass, where a token sees more than its own, but not all; of more than so many at once some are left out. */
const MOST_FOLLOWED = 10_000;

/** @param isOne of a task that was found to be seen. */
export function guardEvents(listener: WatchListener, grant: Grant, isOne: boolean): WatchListener {
  const followed = new Set<string>();
  const passes = (event: WatchEvent): boolean => {
    if (isOne || grant.owner !== null || event.type === "missed") return true;
    // Only states say what the task is.
    if (event.type !== "state") return followed.has(event.task);
    if (!grant.mayAction(event.action) || !grant.mayQueue(event.queue)) return false;
    if (isFinal(event.state)) followed.delete(event.task);
    else if (followed.size < MOST_FOLLOWED) followed.add(event.task);
    return true;
  };
  const seen = (event: WatchEvent): WatchEvent => {
    // The same to all who are shown the same, and its view is not looked at: it is made when somebody is told, and into text once.
    if (grant.owner === null || event.type !== "state" || event.view === undefined) return event;
    return { ...event, view: seenAs(event.view, grant) };
  };
  return (events, isLast) => {
    if (grant.isOver) return;
    const passed = events.filter(passes).map(seen);
    if (passed.length > 0 || isLast) listener(passed, isLast);
  };
}
