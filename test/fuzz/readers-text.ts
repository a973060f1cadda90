/** What must hold of the readers of text, whatever they are given. Each throws where it does not. */
import assert from "node:assert/strict";
import {
  dependsOnTakingText,
  inlinePayload,
  parseInline,
  renderInline,
  renderInlineError,
} from "../../src/protocol/inline.ts";
import { overJsonLimit, type JsonLimits } from "../../src/protocol/json-limits.ts";
import { LineReader } from "../../src/protocol/line-reader.ts";
import { leadingIdPrefix } from "../../src/protocol/request-id.ts";
import { parseRequest, type Request } from "../../src/protocol/request.ts";
import { parseDuration } from "../../src/task/duration.ts";
import { isErrorCode, TandaError, type ErrorBody } from "../../src/task/errors.ts";
import { cutInto } from "./cuts.ts";
import type { Dice } from "./dice.ts";
import { LOW_LIMITS } from "./limits.ts";

type Told = {
  readonly lines: string[];
  readonly bad: string[];
  readonly isOver: boolean;
  readonly held: boolean;
};

function linesOf(pieces: readonly Buffer[], maxBytes: number, maxDiscardBytes: number): Told {
  const reader = new LineReader({ maxBytes, maxDiscardBytes });
  const told = { lines: [] as string[], bad: [] as string[], isOver: false, held: false };
  const sink = {
    line: (text: string, bytes: number) => {
      assert.equal(bytes, Buffer.byteLength(text), "a line's size is that of its bytes");
      assert.ok(bytes <= maxBytes, "a line over the limit was told");
      told.lines.push(text);
    },
    badLine: (why: string) => void told.bad.push(why),
    overflow: () => {
      assert.ok(!told.isOver, "too much is told once");
      told.isOver = true;
    },
  };
  for (const piece of pieces) {
    reader.push(piece, sink);
    assert.ok(reader.heldBytes <= maxBytes + 1, "more than the longest line is held");
  }
  told.held = reader.isInLine;
  reader.end(sink);
  return told;
}

/** However the bytes are cut, the lines are the same; and they are those that splitting at newlines gives. */
export function lines(input: Buffer, dice: Dice): void {
  const maxBytes = dice.of([1, 16, 100, 8192]);
  const maxDiscard = dice.of([0, 50, 100_000]);
  const whole = linesOf([input], maxBytes, maxDiscard);
  assert.deepEqual(linesOf(cutInto(input, dice.between(2, 6), dice), maxBytes, maxDiscard), whole);
  if (input.length < 300) {
    const single = Array.from(input, (_, at) => input.subarray(at, at + 1));
    assert.deepEqual(linesOf(single, maxBytes, maxDiscard), whole);
  }
  if (whole.bad.includes("too_large")) return;
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
  const plain: string[] = [];
  let bad = 0;
  for (const part of input.toString("latin1").split("\n")) {
    const bare = part.endsWith("\r") ? part.slice(0, -1) : part;
    if (bare === "") continue;
    try {
      plain.push(decoder.decode(Buffer.from(bare, "latin1")));
    } catch {
      bad++;
    }
  }
  assert.deepEqual([whole.lines, whole.bad.length], [plain, bad]);
}

/** A line is a request that is safe to act on, or is refused with a code; its answer begins with its own id. */
export function requests(input: Buffer, dice: Dice): void {
  for (const text of input.toString().split("\n")) {
    if (text.length > 20_000) continue;
    const request = parseRequest(text, dice.odds(0.9) ? LOW_LIMITS : { depth: 64, keys: 10_000 });
    const value = parsed(text);
    checkPrefix(request, value);
    assert.doesNotThrow(() => leadingIdPrefix(text.slice(0, 300)));
    if (request.type === "refused") {
      checkError(request.error);
      continue;
    }
    assert.ok(isPlain(value), "what is no object was taken for a request");
    if (request.type === "op") continue;
    assert.equal(request.action, value["action"]);
    assert.ok(!request.payload.includes("\n"), "a payload has a line break");
    const payload = value["payload"] ?? null;
    assert.deepEqual(JSON.parse(request.payload), JSON.parse(JSON.stringify(payload)));
  }
}

function checkPrefix({ prefix, type }: Request, value: unknown): void {
  assert.ok(!/[\r\n]/.test(prefix), "an answer would begin with a line break");
  assert.ok(prefix.isWellFormed(), "an id has half a character");
  const answer = JSON.parse(`{${prefix}"status":"x"}`) as Record<string, unknown>;
  const keys = Object.keys(answer);
  assert.deepEqual(keys, prefix === "" ? ["status"] : ["id", "status"]);
  // Of a line that is not parsed the first id is taken, and of one that is the last; a zero has no sign inside a list.
  if (prefix === "" || !isPlain(value) || type === "refused") return;
  assert.equal(JSON.stringify(answer["id"]), JSON.stringify(value["id"]));
}

/** One answer is one line, and never moves a person's cursor. */
export function inline(input: Buffer): void {
  const [first = ""] = input.toString().split("\n");
  const request = parseInline(first);
  assert.equal(request === null, first.trim() === "");
  if (request?.type === "run") {
    assert.ok(request.action.length > 0 && !/\s/.test(request.action));
    for (const takesText of [true, false]) {
      const payload = tandaOnly(() => inlinePayload(request.rest, takesText));
      if (payload === null) continue;
      assert.doesNotThrow(() => JSON.parse(payload));
      checkShown(renderInline(payload));
    }
    if (!dependsOnTakingText(request.rest)) {
      assert.deepEqual(
        tandaOnly(() => inlinePayload(request.rest, true)),
        tandaOnly(() => inlinePayload(request.rest, false)),
      );
    }
  }
  const error: ErrorBody = { code: "task_error", message: first, hint: first };
  const shown = renderInlineError(error);
  assert.ok(shown.startsWith("error: task_error: "));
  checkShown(shown);
}

function checkShown(shown: string): void {
  // oxlint-disable-next-line no-control-regex -- these are what must not be there
  assert.ok(!/[\u0000-\u0008\n-\u001f\u007f-\u009f\u2028\u2029]/.test(shown), "a control character is shown");
}

/** The quick look says what a walk through the parsed value says; keys said twice count twice. */
export function jsonLimits(input: Buffer, dice: Dice): void {
  const text = input.toString().slice(0, 20_000);
  const limits: JsonLimits = { depth: dice.of([1, 2, 16]), keys: dice.of([1, 5, 200]) };
  const over = overJsonLimit(text, limits);
  const value = parsed(text);
  if (value === undefined) return;
  const size = { depth: 0, keys: 0 };
  measure(value, 1, size);
  if (over === null)
    assert.ok(size.depth <= limits.depth && size.keys <= limits.keys, `${size.depth}, ${size.keys} pass`);
  if (over === "depth") assert.ok(size.depth > limits.depth || hasTwice(value, text), "not deep");
  if (over === "keys") assert.ok(size.keys > limits.keys || hasTwice(value, text), "not wide");
}

/** Keys said twice are parsed once, with all that is in the first of them. */
function hasTwice(value: unknown, text: string): boolean {
  const size = { depth: 0, keys: 0 };
  measure(value, 1, size);
  return withoutStrings(text).split(":").length - 1 > size.keys;
}

function withoutStrings(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
}

function measure(value: unknown, depth: number, size: { depth: number; keys: number }): void {
  if (typeof value !== "object" || value === null) return;
  size.depth = Math.max(size.depth, depth);
  if (!Array.isArray(value)) size.keys += Object.keys(value).length;
  for (const inner of Object.values(value)) measure(inner, depth + 1, size);
}

export function durations(input: Buffer): void {
  for (const word of input
    .toString("latin1")
    .slice(0, 300)
    .split(/[\s,"]+/)) {
    for (const value of [word, Number(word)]) {
      const ms = tandaOnly(() => parseDuration(value, "it"));
      if (ms !== null) assert.ok(Number.isSafeInteger(ms) && ms >= 0, `${word} is ${ms} ms`);
    }
  }
}

/** @returns null where it was refused as a refusal must be. */
export function tandaOnly<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    checkError(error);
    return null;
  }
}

export function checkError(error: unknown): void {
  if (!(error instanceof TandaError)) throw error;
  assert.ok(
    isErrorCode(error.code) && error.code !== "internal",
    `refused with ${error.code}: ${error.message}`,
  );
  assert.ok(error.message.length < 1000, "a refusal repeats what came without end");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
