/** What must hold of the readers of bytes, whatever they are given. Each throws where it does not. */
import assert from "node:assert/strict";
import { isIP } from "node:net";
import { FrameWatch } from "../../src/gateway/frame-watch.ts";
import { parseBody, readSubmit } from "../../src/gateway/http/submit-body.ts";
import { readSubmitHead } from "../../src/gateway/http/submit-head.ts";
import { readIdempotencyKey, readWaitMs } from "../../src/gateway/http/request-facts.ts";
import { parseProxyHeader } from "../../src/gateway/proxy-header.ts";
import { isBlank, sniff } from "../../src/gateway/sniff.ts";
import { cutInto } from "./cuts.ts";
import type { Dice } from "./dice.ts";
import { LOW_LIMITS } from "./limits.ts";
import { readByNode } from "./node-parser.ts";
import { tandaOnly } from "./readers-text.ts";

const LONGEST_LOOK = 300;

/** Once it is decided what a connection is, more bytes do not change it. */
export function sniffing(input: Buffer): void {
  const whole = sniff(input);
  let first: string | null = null;
  for (let length = 0; length <= Math.min(input.length, LONGEST_LOOK); length++) {
    const part = input.subarray(0, length);
    const kind = sniff(part);
    assert.equal(typeof isBlank(part), "boolean");
    if (kind === "undecided") assert.equal(first, null, "it was decided already");
    else first ??= kind;
    if (first !== null) assert.equal(kind, first);
  }
  if (first !== null) assert.equal(whole, first);
}

/** A header is whole once and for all, no longer than what came, and names an address or none. */
export function proxyHeaders(input: Buffer): void {
  if (sniff(input) !== "proxy") return;
  const whole = parseProxyHeader(input);
  for (let length = 16; length <= Math.min(input.length, LONGEST_LOOK); length++) {
    const part = parseProxyHeader(input.subarray(0, length));
    if (part.type !== "undecided") assert.deepEqual(part, whole);
  }
  if (whole.type === "undecided") assert.ok(input.length < 16 + 4096, "no end is waited for without end");
  if (whole.type !== "header") return;
  assert.ok(whole.length <= input.length && whole.length > 0);
  if (whole.address !== null) assert.ok(isIP(whole.address) > 0, `${whole.address} is no address`);
}

/**
 * What the quick way of HTTP takes, Node's parser takes too, and sees the same: where the body ends, who is asked and with what.
 * Two readers that disagree are how requests are smuggled.
 */
export async function submitHeads(input: Buffer): Promise<void> {
  const head = readSubmitHead(input, LOW_LIMITS.waitMs);
  if (head === null) return;
  const whole = head.headBytes + head.bodyBytes;
  for (const length of [head.headBytes, whole, head.headBytes + 1]) {
    assert.deepEqual(
      readSubmitHead(input.subarray(0, Math.max(head.headBytes, length)), LOW_LIMITS.waitMs),
      head,
    );
  }
  assert.equal(readSubmitHead(input.subarray(0, head.headBytes - 1), LOW_LIMITS.waitMs), null);
  if (input.length < whole) return;
  const body = input.subarray(head.headBytes, whole);
  const seen = await readByNode(input.subarray(0, whole));
  assert.ok(seen !== null, "Node's parser refuses what the quick way takes");
  assert.equal(seen.count, 1, "Node's parser sees another number of requests");
  assert.equal(seen.method, "POST");
  assert.match(seen.url, /^\/v1\/tasks(?:\?wait(?:=[0-9.]*)?)?$/);
  assert.equal(seen.headers.host ?? "", head.host);
  assert.equal(seen.headers.authorization ?? null, head.authorization);
  assert.ok(seen.body.equals(body), "the body ends elsewhere");
  const key = seen.headers["idempotency-key"];
  assert.equal(key === undefined ? null : readIdempotencyKey(String(key)), head.key);
  const submit = tandaOnly(() => readSubmit(parseBody(body, LOW_LIMITS), head.key, false));
  if (submit !== null) assert.doesNotThrow(() => JSON.parse(submit.payload));
}

export function requestFacts(input: Buffer): void {
  for (const line of input
    .toString("latin1")
    .slice(0, 5000)
    .split(/[\r\n]+/)) {
    const waitMs = tandaOnly(() => readWaitMs(undefined, line, 300));
    if (waitMs !== null) assert.ok(waitMs >= 0 && waitMs <= 300, `waits ${waitMs}`);
    tandaOnly(() => readWaitMs(line, "", 300));
    const key = tandaOnly(() => readIdempotencyKey(line));
    if (key !== null) assert.ok(key.length > 0 && key.length <= 200);
  }
}

export function bodies(input: Buffer): void {
  const value = tandaOnly(() => parseBody(input.subarray(0, 20_000), LOW_LIMITS));
  if (value !== null && value !== undefined) tandaOnly(() => readSubmit(value, null, false));
}

/** Whether a message is under way hangs on the bytes, not on how they came. */
export function frames(input: Buffer, dice: Dice): void {
  const whole = new FrameWatch();
  const hasEnded = whole.push(input);
  const cut = new FrameWatch();
  const ended = cutInto(input, dice.between(2, 8), dice).map((piece) => cut.push(piece));
  assert.equal(cut.isInMessage, whole.isInMessage);
  assert.equal(ended.includes(true), hasEnded);
}
