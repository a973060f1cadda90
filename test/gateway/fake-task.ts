/** A task of the fake engine, its final answer, and how it is shown. */
import type { Answer, Waiter } from "../../src/engine/engine.ts";
import type { TaskView } from "../../src/protocol/messages.ts";
import type { ErrorBody } from "../../src/task/errors.ts";
import type { State } from "../../src/task/state.ts";
import type { BlobRef } from "../../src/task/task.ts";

export type Row = {
  id: string;
  action: string;
  payload: string;
  queue: string;
  key: string | null;
  state: State;
  result: string | null;
  resultBlob: BlobRef | null;
  error: ErrorBody | null;
  createdAt: number;
  dueAt: number | null;
  waiters: { waiter: Waiter; token: unknown }[];
};

export function finalAnswer(row: Row): Answer {
  if (row.state === "done")
    return { status: "done", task: row.id, result: row.result, resultBlob: row.resultBlob };
  const error: ErrorBody =
    row.state === "failed"
      ? row.error!
      : { code: row.state === "expired" ? "expired" : "cancelled", message: `the task was ${row.state}` };
  return { status: "failed", task: row.id, error };
}

export function view(row: Row): TaskView {
  return {
    task: row.id,
    action: row.action,
    queue: row.queue,
    priority: "normal",
    state: row.state,
    attempt: 1,
    attempts: 1,
    losses: 0,
    createdAt: row.createdAt,
    timeoutMs: 300_000,
    payload: JSON.parse(row.payload),
    ...(row.key ? { key: row.key } : {}),
    ...(row.error ? { error: row.error } : {}),
    ...(row.result === null ? {} : { result: JSON.parse(row.result) }),
    ...(row.resultBlob ? { result: { $blob: row.resultBlob.id, bytes: row.resultBlob.bytes } } : {}),
  };
}
