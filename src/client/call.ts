import type { AskOp, CallOptions, WatchFilter } from "./caller.ts";
import type { SubmitOptions } from "../protocol/messages.ts";
import { TandaError } from "../task/errors.ts";
import { isTaskId } from "../task/id.ts";

/**
 * One request on its way. A task is named when it is first sent, since its name tells the node it goes to; a repeat says `again`.
 *
 *   {"id":7  before  "task":"0199…"[,"again":true]  after
 */
export class Call {
  readonly kind: "run" | "submit" | "ask";
  /** Of an op "". */
  task: string | null;
  readonly before: string;
  readonly after: string;
  /** May be sent again when its answer was not seen. */
  readonly isRepeatable: boolean;
  /** Waits for a task, so it counts among those in flight; other ops overtake. */
  readonly isLong: boolean;
  readonly cancelOnAbort: boolean;
  id = 0;
  state: "backlog" | "sent" | "resting" | "over" = "backlog";
  isAgain = false;
  tries = 0;
  resolve: (value: unknown) => void = ignore;
  reject: (error: unknown) => void = ignore;
  /** Undoes the timer and the listener of an abort. */
  release: (() => void) | null = null;
  restTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    kind: "run" | "submit" | "ask",
    task: string | null,
    before: string,
    after: string,
    more: { isRepeatable: boolean; isLong: boolean; cancelOnAbort: boolean },
  ) {
    this.kind = kind;
    this.task = task;
    this.before = before;
    this.after = after;
    this.isRepeatable = more.isRepeatable;
    this.isLong = more.isLong;
    this.cancelOnAbort = more.cancelOnAbort;
  }

  get size(): number {
    return this.before.length + this.after.length;
  }

  /** How long to wait after a refusal: as told, else longer each time, and never in step with others. */
  restMs(retryAfterMs: number | undefined, chance: number): number {
    const usualMs = Math.min(FIRST_REST_MS * 2 ** Math.min(this.tries++, 20), LONGEST_REST_MS);
    return (retryAfterMs ?? usualMs) * (1 + chance / 2);
  }

  /** In pieces: joining those of many lines at once is cheaper than making each line first. */
  say(into: string[]): void {
    if (this.kind === "ask") into.push('{"id":', String(this.id), this.before, this.after);
    else {
      const again = this.isAgain ? '","again":true' : '"';
      into.push('{"id":', String(this.id), this.before, this.task!, again, this.after);
    }
  }
}

const FIRST_REST_MS = 50;
const LONGEST_REST_MS = 5000;

function ignore(): void {}

/** The one with the most bytes, as they are sent. */
export function longestOf(calls: Iterable<Call>): Call | null {
  const utf8 = new TextEncoder();
  let longest: { call: Call; bytes: number } | null = null;
  for (const call of calls) {
    const bytes = utf8.encode(call.before).length + utf8.encode(call.after).length;
    if (longest === null || bytes > longest.bytes) longest = { call, bytes };
  }
  return longest === null ? null : longest.call;
}

/** Saying these twice does no more than saying them once; `retry`, `delete` and `purge` might. */
const UNREPEATABLE: ReadonlySet<AskOp> = new Set(["retry", "delete", "purge"]);
/** A node answers lines up to 64 MiB and closes beyond; three bytes a character at most stay below that. */
const MAX_CHARACTERS = 16 * 2 ** 20;

export function sayTask(
  kind: "run" | "submit",
  action: string,
  payload: unknown,
  options: CallOptions | undefined,
): Call {
  const body = payload === undefined ? undefined : toJson(payload);
  if (options?.task !== undefined && !isTaskId(options.task)) {
    throw new TandaError("bad_request", "options.task must be a UUIDv7 in lower case.");
  }
  if (body !== undefined && body.length > MAX_CHARACTERS) {
    throw new TandaError(
      "too_large",
      `The payload has ${body.length} characters; a line takes ${MAX_CHARACTERS}.`,
      {
        hint: "Keep the bytes with blobs.put() and send what it returns.",
      },
    );
  }
  const more = options === undefined ? "" : wireOptions(options);
  return new Call(
    kind,
    options?.task ?? null,
    `,"action":${JSON.stringify(action)}${body === undefined ? "" : `,"payload":${body}`},"options":{"task":"`,
    `${more}${kind === "submit" ? ',"wait":false}}\n' : "}}\n"}`,
    options?.cancelOnAbort === true ? TASK_CANCELLED_ON_ABORT : TASK,
  );
}
const TASK = { isRepeatable: true, isLong: true, cancelOnAbort: false };
const TASK_CANCELLED_ON_ABORT = { ...TASK, cancelOnAbort: true };

export function sayOp(op: AskOp, about: object | undefined): Call {
  return new Call("ask", "", `,"op":"${op}"`, `${about === undefined ? "" : inner(about)}}\n`, {
    isRepeatable: !UNREPEATABLE.has(op),
    isLong: op === "wait",
    cancelOnAbort: false,
  });
}

export function sayWatch(id: number, filter: WatchFilter): string {
  return `{"id":${id},"op":"watch"${inner(filter)}}\n`;
}

function wireOptions(options: CallOptions): string {
  const { signal: _, callTimeout: _t, cancelOnAbort: _c, task: _id, ...wire } = options;
  return inner(wire satisfies Omit<SubmitOptions, "runAt"> & { runAt?: Date | number | string });
}

/** The members of an object, each after a comma. */
function inner(object: object): string {
  const text = toJson(object);
  return text.length > 2 ? `,${text.slice(1, -1)}` : "";
}

/** @throws bad_request */
export function toJson(value: unknown): string {
  try {
    const text = JSON.stringify(value);
    if (text !== undefined) return text;
  } catch (cause) {
    throw new TandaError("bad_request", `The payload cannot be said in JSON: ${String(cause)}`, { cause });
  }
  throw new TandaError("bad_request", `The payload cannot be said in JSON: it is a ${typeof value}.`);
}
