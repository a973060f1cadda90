import type { Answer } from "./engine.ts";

/** `task` is the one that has the id or key. */
export function conflictAnswer(task: string, what: "id" | "key"): Answer {
  return {
    status: "failed",
    task,
    error: {
      code: "conflict",
      message: `The ${what} belongs to a task with another action or payload.`,
      hint:
        what === "key"
          ? "A key names one request: use another key for another request."
          : "Make a new id for a new task.",
    },
  };
}
