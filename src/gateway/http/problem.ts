/** Refusals over HTTP: RFC 9457, with the codes of the one table. */
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyReply } from "fastify";
import { ERROR_CODES, TandaError, type ErrorBody, type ErrorCode } from "../../task/errors.ts";
import { SAFETY_LINES, type HttpAnswer } from "./http-answer.ts";

export const PROBLEM_TYPE = "application/problem+json; charset=utf-8";

/** A mistake in speaking HTTP, for which HTTP has a status of its own. */
export class HttpError extends TandaError {
  readonly status: number;

  constructor(status: number, code: ErrorCode, message: string, hint?: string) {
    super(code, message, hint === undefined ? {} : { hint });
    this.status = status;
  }
}

export function problemText(error: ErrorBody, status: number, more: object = {}): string {
  const { code, message, ...rest } = error;
  const title = STATUS_CODES[status] ?? "Error";
  return JSON.stringify({ type: "about:blank", title, status, detail: message, code, ...rest, ...more });
}

export function statusOf(error: TandaError): number {
  return error instanceof HttpError ? error.status : ERROR_CODES[error.code].http;
}

const DEFAULT_RETRY_MS = 1000;

export function problemAnswer(error: TandaError, more: object = {}): HttpAnswer {
  const status = statusOf(error);
  const headers: [string, string][] = [["cache-control", "no-store"]];
  if (error.isRetryable && (error.code === "busy" || error.code === "unavailable")) {
    headers.push(["retry-after", `${Math.ceil((error.retryAfterMs ?? DEFAULT_RETRY_MS) / 1000)}`]);
  }
  if (error.code === "unauthorized") headers.push(["www-authenticate", 'Bearer realm="tanda"']);
  return { status, type: PROBLEM_TYPE, headers, body: problemText(error.toBody(), status, more) };
}

export function sendProblem(reply: FastifyReply, error: TandaError, more: object = {}): FastifyReply {
  return sendAnswer(reply, problemAnswer(error, more));
}

export function sendAnswer(reply: FastifyReply, { status, type, headers, body }: HttpAnswer): FastifyReply {
  for (const [name, value] of headers) void reply.header(name, value);
  return reply.code(status).type(type).send(body);
}

/** What Fastify or Node found wrong, as one of ours; anything else is `internal` and its text stays inside. */
export function fromHttpFault(fault: Error & { statusCode?: number; code?: string }): TandaError | null {
  if (fault instanceof TandaError) return fault;
  switch (fault.code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return new HttpError(
        413,
        "too_large",
        "the body is larger than it may be",
        "PUT /v1/blobs takes large values",
      );
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return new HttpError(
        415,
        "bad_request",
        "the body must be JSON",
        "send Content-Type: application/json",
      );
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return new HttpError(400, "bad_request", "the body is not as long as its Content-Length says");
    default:
  }
  const { statusCode } = fault;
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new HttpError(statusCode, "bad_request", fault.message);
  }
  return null;
}

/** What Node's parser refuses never becomes a request. */
export function refuseRaw(error: Error & { code?: string }, socket: Duplex): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const [status, message] =
    error.code === "HPE_HEADER_OVERFLOW"
      ? ([431, "the headers are too large"] as const)
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? ([408, "the request took too long"] as const)
        : ([400, "this is not valid HTTP"] as const);
  socket.end(rawProblem(status, new HttpError(status, "bad_request", message)));
}

export function rawProblem(status: number, error: TandaError): string {
  const body = problemText(error.toBody(), status);
  return `HTTP/1.1 ${status} -\r\n${SAFETY_LINES}Content-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
}
