import type { AskOp, CallOptions } from "./caller.ts";
import type { SubmitOptions } from "../protocol/messages.ts";
import { TandaError } from "../task/errors.ts";
import { isTaskId } from "../task/id.ts";

/**
 * One request on its way. A task is named when it is first sent, since its name tells the node it goes to; a repeat says `again`.
 *
 *   {"id":7  before  "task":"0199…"[,"again":true]  after
 */
export class Call {
  readonly id: number;
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
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  state: "backlog" | "sent" | "resting" | "over" = "backlog";
  wasSent = false;
  isAgain = false;
  tries = 0;
  /** Undoes the timer and the listener of an abort. */
  release: (() => void) | null = null;
  restTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(id: number, said: Said, resolve: (value: unknown) => void, reject: (error: unknown) => void) {
    this.id = id;
    this.kind = said.kind;
    this.task = said.task;
    this.before = said.before;
    this.after = said.after;
    this.isRepeatable = said.isRepeatable;
    this.isLong = said.isLong;
    this.cancelOnAbort = said.cancelOnAbort;
    this.resolve = resolve;
    this.reject = reject;
  }

  get size(): number {
    return this.before.length + this.after.length + 32;
  }

  line(): string {
    if (this.kind === "ask") return `{"id":${this.id}${this.before}${this.after}\n`;
    return `{"id":${this.id}${this.before}"task":"${this.task}"${this.isAgain ? ',"again":true' : ""}${this.after}\n`;
  }
}

export type Said = {
  readonly kind: "run" | "submit" | "ask";
  readonly task: string | null;
  readonly before: string;
  readonly after: string;
  readonly isRepeatable: boolean;
  readonly isLong: boolean;
  readonly cancelOnAbort: boolean;
};

/** Saying these twice does no more than saying them once; `retry`, `delete` and `purge` might. */
const UNREPEATABLE: ReadonlySet<AskOp> = new Set(["retry", "delete", "purge"]);
/** A node answers lines up to 64 MiB and closes beyond; three bytes a character at most stay below that. */
const MAX_CHARACTERS = 16 * 2 ** 20;

export function sayTask(
  kind: "run" | "submit",
  action: string,
  payload: unknown,
  options: CallOptions | undefined,
): Said {
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
  return {
    kind,
    task: options?.task ?? null,
    before: `,"action":${JSON.stringify(action)}${body === undefined ? "" : `,"payload":${body}`},"options":{`,
    after: `${more}${kind === "submit" ? ',"wait":false' : ""}}}`,
    isRepeatable: true,
    isLong: true,
    cancelOnAbort: options?.cancelOnAbort === true,
  };
}

export function sayOp(op: AskOp, about: object | undefined): Said {
  const more = about === undefined ? "" : inner(about);
  return {
    kind: "ask",
    task: "",
    before: `,"op":"${op}"${more}`,
    after: "}",
    isRepeatable: !UNREPEATABLE.has(op),
    isLong: op === "wait",
    cancelOnAbort: false,
  };
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

function toJson(value: unknown): string {
  try {
    const text = JSON.stringify(value);
    if (text !== undefined) return text;
  } catch (cause) {
    throw new TandaError("bad_request", `The payload cannot be said in JSON: ${String(cause)}`, { cause });
  }
  throw new TandaError("bad_request", `The payload cannot be said in JSON: it is a ${typeof value}.`);
}
