/** What is said to one who submits a task, whichever way the request came in. */
import type { Blobs } from "../../blobs/blobs.ts";
import type { Answer } from "../../engine/engine.ts";
import { TandaError } from "../../task/errors.ts";
import { resultText } from "../blob-results.ts";
import type { FinalAnswer } from "./asking.ts";
import { JSON_TYPE, type HttpAnswer } from "./http-answer.ts";
import { problemAnswer } from "./problem.ts";

/** `final` is null when it did not end in time, and when nobody waits. */
export type Submitted = { readonly answer: Answer; readonly final: FinalAnswer | null };

/** What came of a task that was waited for from the start: nothing final where it was not even let in. */
export function submittedOf(answer: Answer): Submitted {
  const isFinal = answer.task !== null && (answer.status === "done" || answer.status === "failed");
  return { answer, final: isFinal ? answer : null };
}

/** Its result lies beside the store. */
export function hasLargeResult({ final }: Submitted): boolean {
  return final?.status === "done" && final.result === null && final.resultBlob !== null;
}

export async function largeResultOf(
  { final }: Submitted,
  blobs: Pick<Blobs, "open">,
  maxBytes: number,
): Promise<string> {
  return final?.status === "done" && final.resultBlob
    ? resultText(blobs, final.resultBlob, maxBytes)
    : "null";
}

/** @param waitMs null when nobody waits. @param large JSON text of a result that lies beside the store. */
export function submitAnswer(
  { answer, final }: Submitted,
  waitMs: number | null,
  large: string | null,
): HttpAnswer {
  if (answer.status === "failed" && final === null) return refusal(answer, []);
  const location = ["location", `/v1/tasks/${answer.task}`] as const;
  if (waitMs === null) return accepted(answer, [location]);
  const headers = [location, ["preference-applied", `wait=${waitMs / 1000}`] as const];
  if (final === null) return accepted(answer, headers);
  if (final.status === "failed") return refusal({ ...final, task: answer.task }, headers);
  const result = final.result ?? large ?? "null";
  const body = `{"task":"${answer.task}","status":"done","result":${result}}`;
  return { status: 200, type: JSON_TYPE, headers, body };
}

function accepted({ task, status }: Answer, headers: HttpAnswer["headers"]): HttpAnswer {
  return { status: 202, type: JSON_TYPE, headers, body: `{"task":"${task}","status":"${status}"}` };
}

function refusal(
  { error, task }: Extract<Answer, { status: "failed" }>,
  headers: HttpAnswer["headers"],
): HttpAnswer {
  const answer = problemAnswer(TandaError.fromBody(error), task === null ? {} : { task });
  return { ...answer, headers: [...headers, ...answer.headers] };
}
