import assert from "node:assert/strict";
import { test } from "node:test";
import { LineReader, type LineSink } from "../../src/protocol/line-reader.ts";

type Seen = { lines: [string, number][]; bad: string[]; overflowed: boolean };

function reading(
  chunks: readonly Uint8Array[],
  maxBytes: number,
  maxDiscardBytes = 1e9,
  ends = true,
): Seen & { reader: LineReader } {
  const seen: Seen = { lines: [], bad: [], overflowed: false };
  const sink: LineSink = {
    line: (text, bytes) => seen.lines.push([text, bytes]),
    badLine: (why, head) => seen.bad.push(`${why} ${head}`),
    overflow: () => (seen.overflowed = true),
  };
  const reader = new LineReader({ maxBytes, maxDiscardBytes });
  for (const chunk of chunks) reader.push(chunk, sink);
  if (ends) reader.end(sink);
  return { ...seen, reader };
}

function seeded(seed: number): (below: number) => number {
  return (below) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
}

test("gives the same lines whatever it was told to expect", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = seeded(seed);
    const lines = Array.from({ length: 5 }, (_, n) => String(n).repeat(1 + random(40)));
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
    const read: string[] = [];
    const reader = new LineReader({ maxBytes: 40, maxDiscardBytes: 1e9 });
    for (let at = 0; at < bytes.length;) {
      const size = 1 + random(20);
      reader.expect([0, 1, 30, 1e9][random(4)]!);
      reader.push(bytes.subarray(at, at + size), {
        line: (text) => read.push(text),
        badLine: (why) => assert.fail(why),
        overflow: () => assert.fail("overflow"),
      });
      at += size;
    }
    assert.deepEqual(read, lines);
  }
});

test("gives the same lines however the bytes are cut", () => {
  const words = ["", "a", "ñandú", "€𝄞", "x".repeat(20), "{}", "\r", "tab\tz"];
  for (let seed = 1; seed <= 300; seed++) {
    const random = seeded(seed);
    const text =
      Array.from(
        { length: 1 + random(12) },
        () => words[random(words.length)]! + ["\n", "\r\n"][random(2)]!,
      ).join("") + words[random(words.length)]!;
    const bytes = Buffer.from(text);
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < bytes.length;) {
      const size = 1 + random(7);
      chunks.push(bytes.subarray(at, at + size));
      at += size;
    }
    const max = 12;
    const whole = text
      .split("\n")
      .map((line) => line.replace(/\r$/, ""))
      .filter((line) => line !== "");
    const expected = whole
      .filter((line) => Buffer.byteLength(line) <= max)
      .map((line) => [line, Buffer.byteLength(line)]);
    const tooLong = whole.filter((line) => Buffer.byteLength(line) > max).length;
    for (const cut of [chunks, [bytes]]) {
      const { lines, bad } = reading(cut, max);
      assert.deepEqual(lines, expected, JSON.stringify(text));
      assert.equal(bad.length, tooLong, JSON.stringify(text));
    }
  }
});

test("tells an over-long line once, at once, with its beginning, and stops past what it may throw away", () => {
  const { bad, reader, overflowed } = reading(
    [Buffer.from('{"id":7,'), Buffer.from("x".repeat(50))],
    20,
    100,
    false,
  );
  assert.deepEqual(bad, [`too_large {"id":7,${"x".repeat(50)}`]);
  assert.equal(reader.isInLine, true);
  assert.equal(overflowed, false);
  assert.equal(reading([Buffer.from("x".repeat(101))], 20, 100).overflowed, true);
  assert.equal(reading([Buffer.from(`${"x".repeat(100)}\nab\n`)], 20, 100).overflowed, false);
});

test("a megabyte that comes byte by byte costs no more than its bytes", () => {
  const reader = new LineReader({ maxBytes: 2 ** 20, maxDiscardBytes: 2 ** 20 });
  let lines = 0;
  const sink: LineSink = {
    line: (text) => (lines += text.length),
    badLine: () => assert.fail(),
    overflow: () => assert.fail(),
  };
  const byte = Buffer.from("x");
  const startedAt = process.cpuUsage().user;
  for (let i = 0; i < 2 ** 20; i++) reader.push(byte, sink);
  reader.push(Buffer.from("\n"), sink);
  assert.equal(lines, 2 ** 20);
  // Quadratic work would take minutes.
  assert.ok(process.cpuUsage().user - startedAt < 20e6);
});

test("keeps nothing of a chunk it was given", () => {
  const chunk = Buffer.from("abc");
  const reader = new LineReader({ maxBytes: 100, maxDiscardBytes: 100 });
  const lines: string[] = [];
  const sink: LineSink = {
    line: (text) => lines.push(text),
    badLine: () => undefined,
    overflow: () => undefined,
  };
  reader.push(chunk, sink);
  chunk.fill("z");
  reader.push(Buffer.from("d\n"), sink);
  assert.deepEqual(lines, ["abcd"]);
});

test("tells lines that are not UTF-8 from those that say U+FFFD", () => {
  const { lines, bad } = reading(
    [Buffer.concat([Buffer.from("a\n\uFFFD\n"), Buffer.of(0x61, 0xff), Buffer.from("\nb\r\n")])],
    100,
  );
  assert.deepEqual(lines, [
    ["a", 1],
    ["\uFFFD", 3],
    ["b", 1],
  ]);
  assert.deepEqual(bad, ["not_utf8 a\uFFFD"]);
});

test("a line with single bytes of no character is not UTF-8, though its text is as long as its bytes", () => {
  const { lines, bad } = reading(
    [Buffer.concat([Buffer.from("a"), Buffer.of(0xff), Buffer.from("b\nc\n")])],
    100,
  );
  assert.deepEqual(lines, [["c", 1]]);
  assert.deepEqual(bad, ["not_utf8 a\uFFFDb"]);
});
