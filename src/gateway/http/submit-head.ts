/**
 * Reads the head of the request that most are: a task, submitted by a program. Whatever is not plainly that (a browser's page, a
 * body of another form, anything that could be understood in two ways, a mistake) is null, and is for Node's parser to judge.
 */
import { SHORT_BYTES } from "../budget.ts";
import { readIdempotencyKey, readWaitMs } from "./request-facts.ts";

export type SubmitHead = {
  /** Of the head itself, its empty line included. */
  readonly headBytes: number;
  readonly bodyBytes: number;
  readonly host: string;
  /** Null when there is no such header. */
  readonly authorization: string | null;
  readonly waitMs: number | null;
  readonly key: string | null;
};

const START = /^POST \/v1\/tasks(?:\?(wait)(?:=([0-9.]*))?)? HTTP\/1\.1$/;
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\x20-\x7e\t]*)$/;
const JSON_BODY = /^application\/json(?:; ?charset=utf-8)?$/i;
const MOST_BYTES = 16_384;
const END = "\r\n\r\n";

const READ = new Set([
  "host",
  "content-length",
  "content-type",
  "authorization",
  "connection",
  "prefer",
  "idempotency-key",
]);
/** They change where the body ends, who may ask, or what the connection is. */
const NOT_PLAIN = new Set([
  "transfer-encoding",
  "content-encoding",
  "trailer",
  "te",
  "upgrade",
  "http2-settings",
  "expect",
  "proxy-connection",
  "origin",
  "sec-fetch-site",
]);

export function readSubmitHead(bytes: Buffer, maxWaitMs: number): SubmitHead | null {
  const end = bytes.indexOf(END);
  if (end < 0 || end > MOST_BYTES) return null;
  const lines = bytes.toString("latin1", 0, end).split("\r\n");
  const start = START.exec(lines[0]!);
  if (start === null) return null;
  const fields = readFields(lines);
  if (fields === null) return null;
  const host = fields.get("host") ?? "";
  const length = fields.get("content-length") ?? "";
  const bodyBytes = /^[1-9]\d{0,4}$/.test(length) ? Number(length) : 0;
  const isPlain =
    host !== "" &&
    bodyBytes > 0 &&
    bodyBytes <= SHORT_BYTES &&
    JSON_BODY.test(fields.get("content-type") ?? "") &&
    (fields.get("connection") ?? "keep-alive").toLowerCase() === "keep-alive";
  if (!isPlain) return null;
  const key = fields.get("idempotency-key");
  try {
    return {
      headBytes: end + END.length,
      bodyBytes,
      host,
      authorization: fields.get("authorization") ?? null,
      waitMs: readWaitMs(start[1] && (start[2] ?? ""), fields.get("prefer") ?? "", maxWaitMs),
      key: key === undefined ? null : readIdempotencyKey(key),
    };
  } catch {
    return null;
  }
}

/** Those that count here. Null when one is not plain, not well formed, or said twice. */
function readFields(lines: readonly string[]): Map<string, string> | null {
  const fields = new Map<string, string>();
  for (let at = 1; at < lines.length; at++) {
    const field = FIELD.exec(lines[at]!);
    if (field === null) return null;
    const name = field[1]!.toLowerCase();
    if (NOT_PLAIN.has(name)) return null;
    if (!READ.has(name)) continue;
    if (fields.has(name)) return null;
    fields.set(name, field[2]!.trimEnd());
  }
  return fields;
}
