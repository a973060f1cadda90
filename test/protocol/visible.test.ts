import assert from "node:assert/strict";
import { test } from "node:test";
import { renderInline, renderInlineError } from "../../src/protocol/inline.ts";
import { isVisible, visible, visibleLine } from "../../src/protocol/visible.ts";

const STEERING = [
  0, 7, 8, 0x0b, 0x0d, 0x1b, 0x7f, 0x85, 0x90, 0x9b, 0x9d, 0x200e, 0x202e, 0x2028, 0x2066, 0xfeff,
];

test("what would steer a terminal or reorder a text is written as JSON writes it; all else stays as it is", () => {
  for (const code of STEERING) {
    const text = `a${String.fromCharCode(code)}b`;
    assert.ok(isVisible(visible(text)), `U+${code.toString(16)}`);
    assert.equal(JSON.parse(`"${visible(text)}"`), text);
    assert.ok(!isVisible(text));
  }
  for (const text of ["ñandú 👩‍👩‍👧 日本語\n\tتانگو", "", "\\u001b", "a\tb\nc"])
    assert.equal(visible(text), text);
  assert.equal(visibleLine("a\r\n\tb"), String.raw`a\r\n\tb`);
  const value = { text: String.fromCharCode(...STEERING) };
  assert.deepEqual(JSON.parse(visible(JSON.stringify(value))), value);
});

test("a person at `nc` gets a text as it stands, and as JSON when it would steer the terminal", () => {
  assert.equal(renderInline('"hola"'), "hola");
  assert.equal(renderInline('"a\\u202eb"'), '"a\\u202eb"');
  assert.equal(renderInline(JSON.stringify("\u009b2J")), '"\\u009b2J"');
  assert.equal(renderInline(JSON.stringify({ a: "\u202e" })), '{"a":"\\u202e"}');
  const error = renderInlineError({ code: "task_error", message: "a\r\nb\u001b[2J\u009b" });
  assert.equal(error, String.raw`error: task_error: a b\u001b[2J\u009b`);
});
