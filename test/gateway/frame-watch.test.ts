import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameWatch } from "../../src/gateway/frame-watch.ts";

/** A frame as a client sends it, masked with nothing. */
function frame(first: number, bytes: number): Buffer {
  const length = Buffer.alloc(bytes < 126 ? 1 : bytes < 65_536 ? 3 : 9);
  if (length.length === 1) length[0] = bytes;
  else if (length.length === 3) length.writeUInt16BE(bytes, 1);
  else length.writeBigUInt64BE(BigInt(bytes), 1);
  if (length.length > 1) length[0] = length.length === 3 ? 126 : 127;
  length[0]! |= 0x80;
  return Buffer.concat([Buffer.of(first), length, Buffer.alloc(4 + bytes)]);
}

const TEXT = 0x81;
const FIRST_PART = 0x01;
const PART = 0x00;
const LAST_PART = 0x80;
const PING = 0x89;

test("a message is begun from its first byte to its last, whatever its length and however it is cut", () => {
  for (const bytes of [0, 1, 125, 126, 65_535, 65_536]) {
    const message = frame(TEXT, bytes);
    for (const piece of [1, 3, 7, 1000, message.length]) {
      const watch = new FrameWatch();
      for (let at = 0; at < message.length; at += piece) {
        const hasEnded = watch.push(message.subarray(at, at + piece));
        const isOver = at + piece >= message.length;
        assert.deepEqual(
          [watch.isInMessage, hasEnded],
          [!isOver, isOver],
          `${bytes} bytes, ${piece} at once`,
        );
      }
    }
  }
});

test("parts are one message, and a ping between them ends nothing", () => {
  const watch = new FrameWatch();
  for (const [first, isIn] of [
    [FIRST_PART, true],
    [PING, true],
    [PART, true],
    [PING, true],
    [LAST_PART, false],
    [PING, false],
    [TEXT, false],
  ] as const) {
    assert.equal(watch.push(frame(first, 10)), !isIn);
    assert.equal(watch.isInMessage, isIn);
  }
});

test("an end is told though the next has begun behind it", () => {
  const watch = new FrameWatch();
  const both = Buffer.concat([frame(TEXT, 10), frame(TEXT, 200)]);
  assert.equal(watch.push(both.subarray(0, 40)), true);
  assert.equal(watch.isInMessage, true);
  assert.equal(watch.push(both.subarray(40, 60)), false);
  assert.equal(watch.push(both.subarray(60)), true);
  assert.equal(watch.isInMessage, false);
});
