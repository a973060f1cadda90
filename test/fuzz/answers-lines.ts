/** What answers a connection of lines is owed, told from what was sent; and whether it got just these. */
import { parseInline } from "../../src/protocol/inline.ts";
import { LineReader } from "../../src/protocol/line-reader.ts";
import { leadingIdPrefix } from "../../src/protocol/request-id.ts";
import { parseRequest } from "../../src/protocol/request.ts";
import { isErrorCode } from "../../src/task/errors.ts";
import { LOW_LIMITS } from "./limits.ts";

export type Owed = {
  /** How each answer to a program begins; every one of them once. */
  readonly prefixes: string[];
  /** Answers to a person. */
  inline: number;
  /** More may come than one for each: events of a watch. */
  watches: boolean;
  /** Some may be owed for as long as a task takes that is not due. */
  mayStay: boolean;
  /** The node closes without answering all: what came was without an end. */
  isCutOff: boolean;
};

export function owedFor(input: Buffer): Owed {
  const owed: Owed = { prefixes: [], inline: 0, watches: false, mayStay: false, isCutOff: false };
  let isOver = false;
  const reader = new LineReader({ maxBytes: LOW_LIMITS.lineBytes, maxDiscardBytes: LOW_LIMITS.discardBytes });
  const sink = {
    line: (text: string) => {
      if (isOver) return;
      if (!text.trimStart().startsWith("{")) {
        const request = parseInline(text);
        if (request === null) return;
        owed.inline++;
        isOver = request.type === "bye";
        return;
      }
      const request = parseRequest(text, LOW_LIMITS);
      owed.prefixes.push(request.prefix);
      if (request.type === "submit" && request.options !== null) owed.mayStay = true;
      if (request.type !== "op") return;
      if (request.op.op === "watch" || request.op.op === "unwatch") owed.watches = owed.mayStay = true;
      if (request.op.op === "wait") owed.mayStay = true;
    },
    badLine: (_why: string, head: string) => {
      if (isOver) return;
      if (head.trimStart().startsWith("{")) owed.prefixes.push(leadingIdPrefix(head));
      else owed.inline++;
    },
    overflow: () => void (owed.isCutOff = true),
  };
  reader.push(input, sink);
  reader.end(sink);
  return owed;
}

const STATUSES = [
  "ok",
  "done",
  "failed",
  "queued",
  "scheduled",
  "running",
  "retrying",
  "event",
  "cancelled",
  "expired",
];

/** @param isWhole all was sent, and the node ended the connection. @returns what is wrong, or null. */
export function checkLines(answer: Buffer, owed: Owed, isWhole: boolean): string | null {
  const text = answer.toString();
  if (isWhole && text !== "" && !text.endsWith("\n")) return "the last answer has no end";
  const told = text.split("\n").slice(0, -1);
  const left = countsOf(owed.prefixes);
  let inline = 0;
  for (const line of told) {
    if (!line.startsWith("{")) {
      inline++;
      const wrong = wrongInline(line);
      if (wrong !== null) return wrong;
      continue;
    }
    const wrong = wrongMessage(line);
    if (wrong !== null && owed.inline > 0) inline++;
    else if (wrong !== null) return wrong;
    else if (!owed.watches && !take(left, line)) {
      // A person's answer may be an object too.
      if (owed.inline > 0) inline++;
      else return `an answer that nobody here asked for: ${line.slice(0, 300)}`;
    }
  }
  if (inline > owed.inline) return `${inline} answers to ${owed.inline} lines of a person`;
  if (!isWhole || owed.isCutOff || owed.mayStay) return null;
  const missing = [...left].filter(([, count]) => count > 0);
  if (missing.length > 0)
    return `never answered: ${missing
      .map(([prefix, count]) => `${count} × {${prefix}`)
      .join("; ")
      .slice(0, 300)}`;
  return inline < owed.inline ? `${inline} answers to ${owed.inline} lines of a person` : null;
}

function countsOf(prefixes: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const prefix of prefixes) counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
  return counts;
}

/** The longest prefix first: without an id it is empty, and would fit all. */
function take(left: Map<string, number>, line: string): boolean {
  const fitting = [...left].filter(([prefix, count]) => count > 0 && line.startsWith(`{${prefix}"`));
  const best = fitting.sort(([a], [b]) => b.length - a.length)[0];
  if (best === undefined) return false;
  left.set(best[0], best[1] - 1);
  return true;
}

export function wrongMessage(line: string): string | null {
  let message: { status?: unknown; result?: { error?: { code?: unknown } } };
  try {
    message = JSON.parse(line) as typeof message;
  } catch {
    return `an answer is not JSON: ${line.slice(0, 300)}`;
  }
  if (typeof message.status !== "string" || !STATUSES.includes(message.status)) {
    return `an answer without a status: ${line.slice(0, 300)}`;
  }
  if (message.status !== "failed") return null;
  const code = message.result?.error?.code;
  if (!isErrorCode(code)) return `a failure without a code: ${line.slice(0, 300)}`;
  return code === "internal" ? `a fault of the node's own: ${line.slice(0, 500)}` : null;
}

function wrongInline(line: string): string | null {
  // oxlint-disable-next-line no-control-regex -- these are what must not be there
  if (/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(line))
    return `a control character is shown: ${JSON.stringify(line.slice(0, 300))}`;
  return line.startsWith("error: internal") ? `a fault of the node's own: ${line.slice(0, 500)}` : null;
}
