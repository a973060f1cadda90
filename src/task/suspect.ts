import type { ErrorBody } from "./errors.ts";
import type { Task } from "./task.ts";

/** The node stopped, or its thread or process had to be ended for another's sake. Read in the task's history. */
export const INTERRUPTED = {
  code: "lost",
  message: "It was interrupted before its end, for no fault of its own, and waits again.",
} as const satisfies ErrorBody;

/** Its last attempt ended with its thread, its process or its host, and nobody knows whether it was the cause. */
export function isSuspect({ history }: Pick<Task, "history">): boolean {
  const last = history.at(-1);
  if (last === undefined || last.message === INTERRUPTED.message) return false;
  return last.code === "lost" || last.code === "crashed" || last.code === "out_of_memory";
}
