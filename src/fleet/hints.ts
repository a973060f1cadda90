/** What the processes of one Tanda tell each other: see bus/bus.ts. Each may be lost, and whoever reads one checks its form. */
import { type Hint, MAX_HINT_CHARS } from "../bus/bus.ts";
import type { Answer } from "../engine/engine.ts";
import type { ErrorBody } from "../task/errors.ts";
import type { BlobRef } from "../task/task.ts";

const IDS_EACH = 50;

export type EndHint = {
  readonly type: "end";
  readonly task: string;
  /** JSON text. */
  readonly result?: string;
  readonly blob?: BlobRef;
  readonly error?: ErrorBody;
  readonly runMs?: number;
};

/** Null for one that is better looked up. */
export function toEndHint(task: string, answer: Answer, runMs: number | null): EndHint | null {
  const hint = { type: "end", task, ...(runMs === null ? {} : { runMs }) } as const;
  if (answer.status === "failed") return { ...hint, error: answer.error };
  if (answer.status !== "done") return null;
  if (answer.resultBlob !== null) return { ...hint, blob: answer.resultBlob };
  if (answer.result === null || answer.result.length > MAX_HINT_CHARS) return null;
  return { ...hint, result: answer.result };
}

/** Null for what is none. */
export function readEndHint(hint: Hint): { task: string; answer: Answer; runMs: number | null } | null {
  const { task, result, blob, error, runMs } = hint as Partial<Record<keyof EndHint, unknown>>;
  if (typeof task !== "string") return null;
  const ran = typeof runMs === "number" ? runMs : null;
  if (isError(error)) return { task, answer: { status: "failed", task, error }, runMs: ran };
  const done = { status: "done", task } as const;
  if (isBlob(blob)) return { task, answer: { ...done, result: null, resultBlob: blob }, runMs: ran };
  if (typeof result !== "string" || blob !== undefined || error !== undefined) return null;
  return { task, answer: { ...done, result, resultBlob: null }, runMs: ran };
}

function isError(value: unknown): value is ErrorBody {
  const { code, message } = (value ?? {}) as Partial<Record<keyof ErrorBody, unknown>>;
  return typeof code === "string" && typeof message === "string";
}

function isBlob(value: unknown): value is BlobRef {
  const { id, bytes } = (value ?? {}) as Partial<Record<keyof BlobRef, unknown>>;
  return typeof id === "string" && typeof bytes === "number";
}

/** As many hints as it takes. */
export function aboutTasks(type: "look" | "cancel", tasks: readonly string[]): Hint[] {
  const hints: Hint[] = [];
  for (let at = 0; at < tasks.length; at += IDS_EACH)
    hints.push({ type, tasks: tasks.slice(at, at + IDS_EACH) });
  return hints;
}

export function readTasks({ tasks }: Hint): string[] {
  return Array.isArray(tasks) ? tasks.filter((task) => typeof task === "string") : [];
}
