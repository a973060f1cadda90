/** Refuses at the door what says until when it is to start, and surely would not. Who says nothing pays nothing for it. */
import { tellDuration } from "../task/duration.ts";
import { TandaError } from "../task/errors.ts";
import type { TaskSpec } from "../task/task.ts";
import type { EngineParts } from "./parts.ts";

/** @throws expired. Not to be asked of what may have been let in before. */
export function refuseLate(parts: EngineParts, spec: TaskSpec, now: number): void {
  const { admission, catalogue, forecast } = parts;
  const { queue, action } = spec;
  const expiresMs = spec.expiresAt! - now;
  if (spec.dueAt !== null) {
    if (spec.dueAt < spec.expiresAt!) return;
    throw late("it is due no sooner than it expires", null);
  }
  const mono = performance.now();
  // Nobody knows how long that lasts: as long again as it has lasted is the best guess there is.
  const pausedMs = admission.pausedMs(queue, mono);
  if (pausedMs > expiresMs)
    throw late(`its queue ${queue} has been paused for ${tellDuration(pausedMs)}`, null);
  const unservedMs = catalogue.unservedMs(action, mono);
  if (unservedMs > expiresMs)
    throw late(`nobody has served the action ${action} for ${tellDuration(unservedMs)}`, null);
  const below = parts.queue.waitingBelow(queue, spec.priority);
  if (below === null) return;
  // What is limited lets others by.
  const isLimited = catalogue.isLimited(action);
  const isBefore = (other: string): boolean =>
    other === action || (!isLimited && catalogue.isServed(other) && !catalogue.isLimited(other));
  const before = forecast.waiting(queue, isBefore) - below;
  if (before <= 0 || forecast.soonestMs(mono, queue, before) <= expiresMs) return;
  const expectedMs = Math.round(forecast.expectedMs(queue, before));
  const when = expectedMs > 0 ? `, which takes about ${tellDuration(expectedMs)}` : "";
  throw late(
    `${before} tasks of its queue ${queue} start before it${when}`,
    Math.max(1, expectedMs - expiresMs),
  );
}

function late(why: string, retryAfterMs: number | null): TandaError {
  return new TandaError("expired", `It cannot start in time: ${why}.`, {
    hint: "Nothing was kept of it. Give a longer `expires`, a higher priority or another queue, or try again later.",
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  });
}
