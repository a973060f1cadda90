import type { TaskView } from "../protocol/messages.ts";
import type { ListedTask } from "../store/store.ts";
import { TandaError } from "../task/errors.ts";
import { PRIORITIES, type Task } from "../task/task.ts";

/** The row as a person or program reads it. Without payload, result, history and log: as lists show it. */
export function toBriefView(row: ListedTask): TaskView {
  const view: TaskView = {
    task: row.id,
    action: row.action,
    queue: row.queue,
    priority: PRIORITIES[row.priority],
    state: row.state,
    attempt: row.attempt,
    attempts: row.policy.attempts,
    losses: row.losses,
    createdAt: row.createdAt,
    timeoutMs: row.policy.timeoutMs,
  };
  if (row.key !== null) view.key = row.key;
  if (row.owner !== null) view.owner = row.owner;
  if (row.dueAt !== null) view.dueAt = row.dueAt;
  if (row.expiresAt !== null) view.expiresAt = row.expiresAt;
  if (row.startedAt !== null) view.startedAt = row.startedAt;
  if (row.finishedAt !== null) view.finishedAt = row.finishedAt;
  if (row.error !== null) view.error = row.error;
  return view;
}

/**
 * All of it. `payloadBytes` is the size of the payload's blob, where it has one.
 * @throws conflict when the row was damaged: a store does not parse what may be long.
 */
export function toView(row: Task, payloadBytes = 0): TaskView {
  const payload =
    row.payloadBlob === null ? parsed(row, "payload") : { $blob: row.payloadBlob, bytes: payloadBytes };
  return { ...toBriefView(row), payload, ...cameOf(row) };
}

/** All but the payload. @throws as {@link toView} */
export function toEndView(row: Task): TaskView {
  return { ...toBriefView(row), ...cameOf(row) };
}

/** What has come of it so far. */
function cameOf(row: Task): Partial<TaskView> {
  const view: Partial<TaskView> = {};
  if (row.resultBlob !== null) view.result = { $blob: row.resultBlob.id, bytes: row.resultBlob.bytes };
  else if (row.result !== null) view.result = parsed(row, "result");
  if (row.progress !== null) view.progress = parsed(row, "progress");
  if (row.history.length > 0) view.history = row.history;
  if (row.log.length > 0) view.log = row.log;
  return view;
}

function parsed(row: Task, what: "payload" | "result" | "progress"): unknown {
  try {
    return JSON.parse(row[what] ?? "null");
  } catch (cause) {
    throw new TandaError(
      "conflict",
      `The row of the task ${row.id} cannot be read: its ${what} is damaged.`,
      {
        hint: "docs/operations.md tells how to mend a row.",
        cause,
      },
    );
  }
}
