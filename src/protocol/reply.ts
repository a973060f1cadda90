/**
 * Replies as text, put together and not stringified: a result is JSON text already, and is never parsed on its way.
 * `prefix` is the request's id as request-id.ts gives it.
 */
import type { ErrorBody } from "../task/errors.ts";
import { LONG, TextForMany } from "./pieces.ts";

/**
 * One line, without its end; in three pieces where the one in the middle is so long that to join them would cost. Each reply says both
 * itself: short ones are one template each, for a function that joins three texts costs a node a twentieth of its tasks.
 */
export type Line = string | readonly [head: string, long: string | TextForMany, tail: string];

export function doneReply(prefix: string, task: string | null, result: string): Line {
  if (result.length >= LONG)
    return [`{${prefix}${taskPart(task)}"status":"done","result":{"ok":true,"data":`, result, "}}"];
  return `{${prefix}${taskPart(task)}"status":"done","result":{"ok":true,"data":${result}}}`;
}

export function failedReply(prefix: string, task: string | null, error: ErrorBody): string {
  return `{${prefix}${taskPart(task)}"status":"failed","result":{"ok":false,"error":${JSON.stringify(error)}}}`;
}

export function acceptedReply(prefix: string, task: string, status: "queued" | "scheduled"): string {
  return `{${prefix}"task":"${task}","status":"${status}"}`;
}

/** `data` is JSON text. */
export function okReply(prefix: string, data: string): Line {
  if (data.length >= LONG) return [`{${prefix}"status":"ok","data":`, data, "}"];
  return `{${prefix}"status":"ok","data":${data}}`;
}

/** `event` is JSON text. */
export function eventReply(prefix: string, event: TextForMany): Line {
  if (event.length >= LONG) return [`{${prefix}"status":"event","data":`, event, "}"];
  return `{${prefix}"status":"event","data":${event.text}}`;
}

export function joined(line: Line): string {
  if (typeof line === "string") return line;
  const [head, long, tail] = line;
  return head + (typeof long === "string" ? long : long.text) + tail;
}

/** An id has nothing that JSON would escape. */
function taskPart(task: string | null): string {
  return task === null ? "" : `"task":"${task}",`;
}
