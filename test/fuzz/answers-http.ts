/** Reads what an HTTP server says as strictly as the standard has it. */
const HEAD_END = "\r\n\r\n";
const STATUS_LINE = /^HTTP\/1\.1 (\d{3}) [\t\x20-\x7e]*$/;
const HEADER = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[ \t]*[\t\x20-\x7e]*$/;
/** Of Node's own making, where it answers a request that named too many headers or asked for what cannot be. */
const MAY_LACK_LENGTH = new Set([204, 304]);

export type HttpAnswers = {
  readonly bodies: readonly { status: number; body: string }[];
  readonly rest: Buffer;
  readonly wrong: string | null;
};

/** @param hasHead some request was a HEAD, whose answer has a length and no body: then only heads are looked at. */
export function readAnswers(answer: Buffer, isWhole: boolean, hasHead: boolean): HttpAnswers {
  const bodies: { status: number; body: string }[] = [];
  const result = (wrong: string | null, rest: Buffer = Buffer.alloc(0)): HttpAnswers => ({
    bodies,
    rest,
    wrong,
  });
  let at = 0;
  while (at < answer.length) {
    const end = answer.indexOf(HEAD_END, at);
    if (end < 0) return result(isWhole ? `a head without an end: ${quote(answer, at)}` : null);
    const [first = "", ...lines] = answer.toString("latin1", at, end).split("\r\n");
    const status = Number(STATUS_LINE.exec(first)?.[1]);
    if (!(status >= 100)) return result(`no status line: ${quote(answer, at)}`);
    const bad = lines.find((line) => !HEADER.test(line));
    if (bad !== undefined) return result(`a header is not one: ${JSON.stringify(bad.slice(0, 200))}`);
    const headers = new Map(
      lines.map((line) => [
        line.slice(0, line.indexOf(":")).toLowerCase(),
        line.slice(line.indexOf(":") + 1).trim(),
      ]),
    );
    at = end + HEAD_END.length;
    if (status === 101) return result(null, answer.subarray(at));
    if (status < 200) continue;
    if (status === 500) return result(`a fault of the node's own: ${quote(answer, end)}`);
    const body = MAY_LACK_LENGTH.has(status) ? { text: "", end: at } : bodyOf(answer, at, headers);
    if (hasHead) return result(null);
    // A stream of events ends when its client does, wherever it is.
    const isStream = headers.get("content-type")?.includes("event-stream") ?? false;
    if (body === null)
      return result(isWhole && !isStream ? `a body without an end: ${quote(answer, at)}` : null);
    at = body.end;
    bodies.push({ status, body: body.text });
    const wrong = wrongBody(status, body.text, headers.get("content-type") ?? "");
    if (wrong !== null) return result(wrong);
  }
  return result(null);
}

function bodyOf(
  answer: Buffer,
  at: number,
  headers: ReadonlyMap<string, string>,
): { text: string; end: number } | null {
  const length = headers.get("content-length");
  if (length !== undefined) {
    const end = at + Number(length);
    return end > answer.length ? null : { text: answer.toString("utf8", at, end), end };
  }
  if (headers.get("transfer-encoding") !== "chunked") {
    return headers.get("connection") === "close"
      ? { text: answer.toString("utf8", at), end: answer.length }
      : { text: "", end: at };
  }
  const parts: Buffer[] = [];
  for (let from = at; ;) {
    const lineEnd = answer.indexOf("\r\n", from);
    if (lineEnd < 0) return null;
    const size = Number.parseInt(answer.toString("latin1", from, lineEnd), 16);
    const end = lineEnd + 2 + size;
    if (!(size >= 0) || end + 2 > answer.length) return null;
    parts.push(answer.subarray(lineEnd + 2, end));
    from = end + 2;
    if (size === 0) return { text: Buffer.concat(parts).toString(), end: from };
  }
}

function wrongBody(status: number, body: string, type: string): string | null {
  if (!type.includes("json") || body === "") return null;
  try {
    const value = JSON.parse(body) as { code?: unknown } | null;
    if (value?.code === "internal") return `a fault of the node's own: ${body.slice(0, 500)}`;
    return status >= 400 && type.includes("problem") && typeof value?.code !== "string"
      ? `a refusal without a code: ${body.slice(0, 300)}`
      : null;
  } catch {
    return `a body is not JSON: ${body.slice(0, 300)}`;
  }
}

function quote(answer: Buffer, at: number): string {
  return JSON.stringify(answer.toString("latin1", at, at + 300));
}
