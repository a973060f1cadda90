import { TandaError } from "./errors.ts";

/** The same of a task that never was and of one that is not to be seen. */
export function noSuchTask(task: string): TandaError {
  return new TandaError("not_found", `There is no task ${JSON.stringify(task.slice(0, 60))}.`, {
    hint: "It may have passed its retention; `list` shows what is kept.",
  });
}
