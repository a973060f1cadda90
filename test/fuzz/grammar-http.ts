/** HTTP/1.1: requests one behind another, bodies told in every way and in two ways at once, heads that are odd. */
import type { Dice } from "./dice.ts";
import { json, text } from "./grammar-json.ts";
import { options, task } from "./grammar-lines.ts";

const TASK = "01890a5d-ac96-774b-bcce-b302099a8057";
const BLOB = "a".repeat(64);
const WAITS = [
  "",
  "?wait",
  "?wait=",
  "?wait=0",
  "?wait=0.2",
  "?wait=1",
  "?wait=x",
  "?wait=1&wait=2",
  "?waiting=1",
];

type Route = readonly [method: string, path: string, body: "none" | "task" | "bulk" | "bytes"];

const ROUTES: readonly Route[] = [
  ["POST", "/v1/tasks", "task"],
  ["POST", "/v1/tasks", "task"],
  ["POST", "/v1/tasks", "task"],
  ["POST", "/v1/tasks", "task"],
  ["POST", "/v1/tasks/bulk", "bulk"],
  ["GET", "/v1/tasks", "none"],
  ["GET", "/v1/tasks?state=done&limit=2", "none"],
  ["GET", "/v1/tasks?limit=0&since=-1&prefix=%25", "none"],
  ["GET", `/v1/tasks/${TASK}`, "none"],
  ["GET", `/v1/tasks/${TASK}/result`, "none"],
  ["GET", `/v1/tasks/${TASK}/events`, "none"],
  ["GET", `/v1/tasks/${TASK}/explain`, "none"],
  ["POST", `/v1/tasks/${TASK}/cancel`, "none"],
  ["POST", `/v1/tasks/${TASK}/retry`, "none"],
  ["DELETE", `/v1/tasks/${TASK}`, "none"],
  ["GET", "/v1/events?action=letters&queue=q1", "none"],
  ["GET", "/v1/queues", "none"],
  ["GET", "/v1/queues/q1", "none"],
  ["POST", "/v1/queues/q1/pause", "none"],
  ["POST", "/v1/queues/q1/resume", "none"],
  ["POST", "/v1/queues/q2/purge", "none"],
  ["GET", "/v1/actions", "none"],
  ["GET", "/v1/workers", "none"],
  ["POST", "/v1/workers/nobody/drain", "none"],
  ["GET", "/v1/nodes", "none"],
  ["GET", "/v1/stats", "none"],
  ["GET", "/v1/history?window=10m", "none"],
  ["PUT", "/v1/blobs", "bytes"],
  ["POST", "/v1/blobs/uploads", "task"],
  ["GET", `/v1/blobs/${BLOB}`, "none"],
  ["GET", "/healthz", "none"],
  ["GET", "/readyz", "none"],
  ["GET", "/metrics", "none"],
  ["GET", "/openapi.json", "none"],
  ["GET", "/", "none"],
  ["GET", "/index.html", "none"],
];

const ODD_PATHS = [
  "//",
  "/..",
  "/%2e%2e/%2e%2e/etc/passwd",
  "/v1/tasks/%00",
  "/v1/tasks/%ff",
  "/v1/tasks/%",
  "/v1/tasks/__proto__",
  "/v1/queues/%2F",
  `/v1/queues/${"q".repeat(400)}`,
  "http://elsewhere.example/v1/stats",
  "http:/v1/stats",
  "*",
  "/v1/tasks#x",
  "/v1/tasks?%",
  "/v1/tasks?limit=1&limit=2",
  "/\u00ff",
];

const HEADERS: readonly (readonly [string, readonly string[]])[] = [
  ["Accept", ["*/*", "text/event-stream", "application/json;q=0"]],
  ["Prefer", ["wait=0.2", "wait=1", "wait", 'respond-async, wait="0.1"', "wait=-1", "wait=1e9"]],
  ["Idempotency-Key", ['"k1"', "k2", '"', '"\\"', "", "é", "x".repeat(201)]],
  ["Connection", ["keep-alive", "close", "Keep-Alive, close", "upgrade", "te, close"]],
  ["Expect", ["100-continue", "100-Continue", "200-ok"]],
  ["Authorization", ["Bearer x", "Bearer", "Basic eDp4"]],
  ["Origin", ["http://evil.example", "null", "http://localhost"]],
  ["Range", ["bytes=0-1", "bytes=5-1", "bytes=-1", "bytes=0-0,2-3", "lines=1"]],
  ["If-None-Match", ['"x"', "*"]],
  ["Content-Encoding", ["gzip", "identity"]],
  ["Last-Event-ID", ["1", "x"]],
  ["Cookie", ["a=b"]],
  ["X-Forwarded-For", ["10.0.0.1"]],
  ["Tanda-Local", ["true"]],
  ["Upgrade", ["websocket", "h2c", "WebSocket"]],
  ["Sec-WebSocket-Key", ["dGhlIHNhbXBsZSBub25jZQ==", "x"]],
  ["Sec-WebSocket-Version", ["13", "8"]],
  ["Trailer", ["X-End"]],
  ["TE", ["trailers"]],
];

export function httpInput(dice: Dice): Buffer {
  const count = dice.odds(0.7) ? 1 : dice.between(2, 5);
  return Buffer.concat(Array.from({ length: count }, () => request(dice)));
}

function request(dice: Dice): Buffer {
  if (dice.odds(0.01)) return Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  const [method, path, kind] = dice.of(ROUTES);
  const body = bodyOf(dice, kind);
  const isAsked = dice.odds(0.5) && kind === "task";
  const target = dice.odds(0.05) ? dice.of(ODD_PATHS) : path + (isAsked ? dice.of(WAITS) : "");
  const verb = dice.odds(0.05)
    ? dice.of(["HEAD", "OPTIONS", "PATCH", "TRACE", "CONNECT", "get", "M-SEARCH"])
    : method;
  const version = dice.odds(0.03)
    ? dice.of(["HTTP/1.0", "HTTP/2.0", "HTTP/1.2", "HTTP/1.1 ", "http/1.1"])
    : "HTTP/1.1";
  const headers = [
    `Host: ${dice.odds(0.97) ? "127.0.0.1" : dice.of(["", "evil.example", "127.0.0.1:1", "a b"])}`,
  ];
  if (dice.odds(0.02)) headers.pop();
  if (dice.odds(0.02)) headers.push("Host: localhost");
  if (kind === "task" || kind === "bulk") {
    headers.push(
      `Content-Type: ${dice.odds(0.93) ? "application/json" : dice.of(["text/plain", "application/json; charset=utf-8", "application/json;charset=latin1", ""])}`,
    );
  }
  for (let extra = dice.size(3); extra > 0; extra--) {
    if (dice.odds(0.6)) continue;
    const [name, values] = dice.of(HEADERS);
    headers.push(`${name}: ${dice.of(values)}`);
  }
  const sent = body.length > 0 || dice.odds(0.1) ? framed(dice, body, headers) : body;
  if (dice.odds(0.05)) headers.push(oddHeader(dice));
  if (dice.odds(0.2)) headers.reverse();
  const end = dice.odds(0.97) ? "\r\n" : dice.of(["\n", "\r", "\r\r\n"]);
  const head = `${verb} ${target} ${version}${end}${headers.join(end)}${end}${end}`;
  return Buffer.concat([Buffer.from(head, "latin1"), sent]);
}

function bodyOf(dice: Dice, kind: Route[2]): Buffer {
  if (kind === "none") return Buffer.alloc(0);
  if (kind === "bytes") return dice.bytes(dice.size(2000));
  if (kind === "bulk") {
    const tasks = Array.from({ length: dice.size(25) }, () => task(dice));
    return Buffer.from(dice.odds(0.9) ? `{"tasks":[${tasks.join()}]}` : json(dice));
  }
  return Buffer.from(dice.of([task, task, task, json, options, text])(dice));
}

/** @param headers what tells the body's end is added. */
function framed(dice: Dice, body: Buffer, headers: string[]): Buffer {
  const { length } = body;
  if (dice.odds(0.65)) {
    headers.push(`Content-Length: ${length}`);
    return body;
  }
  switch (dice.below(5)) {
    case 0: // A length that is not the body's.
      headers.push(
        `Content-Length: ${dice.of([length + 1, Math.max(0, length - 1), 0, -1, 99_999, "0x5", "+5", "5, 5", "5 5", "", "1e1", `0${length}`])}`,
      );
      return body;
    case 1: // Told twice.
      headers.push(`Content-Length: ${length}`, `Content-Length: ${dice.of([length, length + 1, 0])}`);
      return body;
    case 2: // In two ways at once.
      headers.push(`Content-Length: ${dice.of([length, 0, 5])}`, `Transfer-Encoding: ${dice.of(TRANSFERS)}`);
      return chunked(dice, body);
    default:
      headers.push(`Transfer-Encoding: ${dice.odds(0.8) ? "chunked" : dice.of(TRANSFERS)}`);
      return chunked(dice, body);
  }
}

const TRANSFERS = [
  "chunked",
  "Chunked",
  "identity",
  "chunked, identity",
  "gzip, chunked",
  "xchunked",
  "\tchunked",
  "chunked\u000b",
  "",
  "chunked, chunked",
];

function chunked(dice: Dice, body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    const size = Math.min(body.length - at, 1 + dice.size(300));
    const told = dice.odds(0.96)
      ? size.toString(16)
      : dice.of([
          (size + 1).toString(16),
          "0x5",
          "-1",
          "ffffffffffffffff",
          "",
          " 5",
          `00${size.toString(16)}`,
        ]);
    const extension = dice.odds(0.05) ? dice.of([";a=b", ';a="\r\n"', ";" + "x".repeat(5000), " ;"]) : "";
    parts.push(
      Buffer.from(`${told}${extension}\r\n`),
      body.subarray(at, at + size),
      Buffer.from(dice.odds(0.98) ? "\r\n" : "\n"),
    );
    at += size;
  }
  const trailer = dice.odds(0.05)
    ? dice.of(["X-End: 1\r\n", "Content-Length: 5\r\n", "bad trailer\r\n"])
    : "";
  if (dice.odds(0.95)) parts.push(Buffer.from(`0\r\n${trailer}\r\n`));
  return Buffer.concat(parts);
}

function oddHeader(dice: Dice): string {
  return dice.of([
    "X: " + "y".repeat(dice.of([1000, 16_000, 20_000])),
    " folded: x",
    "X: a\r\n b",
    "X : y",
    ": empty",
    "X\u0000: y",
    "X: \u0000",
    "X: \u00e9\u00ff",
    "no colon",
    "",
    Array.from({ length: 300 }, (_, n) => `X-${n}: 1`).join("\r\n"),
  ]);
}
