/** What watchers are told of a task's states. */
import type { TaskView, WatchEvent } from "../protocol/messages.ts";
import type { Task, TaskSpec } from "../task/task.ts";
import type { EngineParts } from "./parts.ts";
import type { About } from "./watchers.ts";
import { toBriefView, toEndView } from "./view.ts";

export function emitState({ watchers }: EngineParts, row: Task, at: number): void {
  const { id: task, action, queue, state, attempt } = row;
  watchers.emit(aboutOf(row), { type: "state", at, task, action, queue, state, attempt });
}

/** With the view, and so the result: it is made when somebody is told, and once, for results may be long and watchers may not read. */
export function emitEnd({ watchers, now }: EngineParts, row: Task): void {
  const { id: task, action, queue, state, attempt, finishedAt } = row;
  let view: TaskView | undefined;
  const event: WatchEvent = {
    type: "state",
    at: finishedAt ?? now(),
    task,
    action,
    queue,
    state,
    attempt,
    get view(): TaskView {
      return (view ??= viewOf(row));
    },
  };
  watchers.emit(aboutOf(row), event);
  watchers.end(task);
}

export function aboutOf({ id: task, action, queue, owner }: TaskSpec): About {
  return { task, action, queue, owner };
}

/** Who is told is told of other tasks too: a damaged row must not keep that from him. */
function viewOf(row: Task): TaskView {
  try {
    return toEndView(row);
  } catch {
    return toBriefView(row);
  }
}
