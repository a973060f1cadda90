import type { WatchEvent } from "../protocol/messages.ts";
import type { ErrorBody } from "../task/errors.ts";

/** What a node says back, as far as it was looked at. */
export type Answer = { id?: unknown; task?: string } & (
  | { status: "done"; result: { data: unknown } }
  | { status: "failed"; result: { error: ErrorBody } }
  | { status: "queued" | "scheduled" }
  | { status: "ok"; data: unknown }
  | { status: "event"; data: WatchEvent }
);

/** @returns null when the other side does not speak Tanda. */
export function parseAnswer(line: string): Answer | null {
  let answer: Answer | null;
  try {
    answer = JSON.parse(line) as Answer | null;
  } catch {
    return null;
  }
  if (typeof answer !== "object" || answer === null) return null;
  switch (answer.status) {
    case "done":
      return typeof answer.result === "object" ? answer : null;
    case "failed":
      return typeof answer.result?.error === "object" ? answer : null;
    case "event":
      return typeof answer.data === "object" ? answer : null;
    case "queued":
    case "scheduled":
    case "ok":
      return answer;
    default:
      return null;
  }
}
