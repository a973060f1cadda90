/** How much an end takes to write. What is large is written apart: nobody who wrote little is to wait for it. */
import type { TaskEvent } from "./decide.ts";

/** In characters, as all sizes here. */
const LARGE = 8192;

export function isLargeFinish(event: TaskEvent): boolean {
  return finishSize(event) > LARGE;
}

/** 0 for what is no end. */
export function finishSize(event: TaskEvent): number {
  if (event.type !== "finish") return 0;
  const { spec, outcome, log, progress } = event;
  let size = (spec?.payload.length ?? 0) + (progress?.length ?? 0);
  if (outcome.type === "done") size += outcome.result?.length ?? 0;
  if (log !== undefined) for (const { text } of log) size += text.length;
  return size;
}
