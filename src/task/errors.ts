/**
 * The closed table of error codes. Clients read `code`, never the text. docs/errors.md shows the same table
 * and a test holds the two together. A retired code is never used again.
 */
export const ERROR_CODES = {
  bad_json: { http: 400, retryable: false, meaning: "The line or body is not valid JSON." },
  bad_request: {
    http: 400,
    retryable: false,
    meaning: "The JSON is valid, the request is not: a wrong type, an unknown option.",
  },
  too_large: {
    http: 413,
    retryable: false,
    meaning: "A line, body, depth or number of keys is over its limit.",
  },
  unknown_action: { http: 404, retryable: false, meaning: "No action of that name was ever announced here." },
  invalid_input: {
    http: 422,
    retryable: false,
    meaning: "The payload does not fit the action's schema; the message names the path.",
  },
  unauthorized: { http: 401, retryable: false, meaning: "A token is required, or the one given is wrong." },
  forbidden: { http: 403, retryable: false, meaning: "Not allowed from here: Host, Origin or scope." },
  not_found: {
    http: 404,
    retryable: false,
    meaning: "No such task, queue, worker, blob or path; it may have passed its retention.",
  },
  conflict: {
    http: 409,
    retryable: false,
    meaning: "The id or key is taken by another request, or the task's state does not allow this.",
  },
  busy: { http: 429, retryable: true, meaning: "A limit is reached; try again after `retryAfterMs`." },
  unavailable: {
    http: 503,
    retryable: true,
    meaning: "The node is draining, or what it depends on cannot be reached. Nothing was lost; ask again.",
  },
  cancelled: { http: 409, retryable: false, meaning: "The task was cancelled." },
  expired: {
    http: 410,
    retryable: false,
    meaning:
      "The task was not started before its `expires`, or surely would not be and was refused at the door.",
  },
  internal: { http: 500, retryable: true, meaning: "A fault of Tanda's own; the log has the details." },
  task_error: { http: 422, retryable: false, meaning: "The handler reported an error, on its last attempt." },
  timed_out: {
    http: 504,
    retryable: false,
    meaning: "The attempt did not end within its `timeout` and was stopped.",
  },
  out_of_memory: {
    http: 507,
    retryable: false,
    meaning: "The handler used more memory than its thread or process may.",
  },
  crashed: {
    http: 500,
    retryable: false,
    meaning: "The handler ended its thread or process: an exit, an abort, an error outside a promise.",
  },
  lost: {
    http: 500,
    retryable: false,
    meaning: "The hosts that ran it died, more often than its losses allow.",
  },
} as const satisfies Record<string, { http: number; retryable: boolean; meaning: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** The codes a task in the state `failed` may carry. */
export const FAILURE_CODES = [
  "task_error",
  "timed_out",
  "out_of_memory",
  "crashed",
  "lost",
  "invalid_input",
] as const;
export type FailureCode = (typeof FAILURE_CODES)[number];

/** What goes over the wire and into the row. `details` is what a handler attached; `path` is where an input is wrong. */
export type ErrorBody = {
  code: ErrorCode;
  message: string;
  hint?: string;
  path?: string;
  retryAfterMs?: number;
  details?: unknown;
};

/** Any refusal of Tanda's. Carries a code of the table, and a hint that says what to do next. */
export class TandaError extends Error {
  override readonly name = "TandaError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly path: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly details: unknown;

  constructor(
    code: ErrorCode,
    message: string,
    more: { hint?: string; path?: string; retryAfterMs?: number; details?: unknown; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.hint = more.hint;
    this.path = more.path;
    this.retryAfterMs = more.retryAfterMs;
    this.details = more.details;
  }

  get isRetryable(): boolean {
    return ERROR_CODES[this.code].retryable;
  }

  toBody(): ErrorBody {
    const body: ErrorBody = { code: this.code, message: this.message };
    if (this.hint !== undefined) body.hint = this.hint;
    if (this.path !== undefined) body.path = this.path;
    if (this.retryAfterMs !== undefined) body.retryAfterMs = this.retryAfterMs;
    if (this.details !== undefined) body.details = this.details;
    return body;
  }

  static fromBody(body: ErrorBody): TandaError {
    return new TandaError(isErrorCode(body.code) ? body.code : "internal", body.message, body);
  }
}

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && Object.hasOwn(ERROR_CODES, code);
}

/** Whatever was thrown, as a refusal: ours unchanged, anything else as `internal`. */
export function toTandaError(thrown: unknown): TandaError {
  if (thrown instanceof TandaError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new TandaError("internal", message, { cause: thrown });
}
