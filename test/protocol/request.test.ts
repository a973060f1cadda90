import assert from "node:assert/strict";
import { test } from "node:test";
import { inlinePayload, parseInline, renderInline, renderInlineError } from "../../src/protocol/inline.ts";
import { overJsonLimit } from "../../src/protocol/json-limits.ts";
import { parseRequest } from "../../src/protocol/request.ts";
import { leadingIdPrefix } from "../../src/protocol/request-id.ts";

const LIMITS = { depth: 64, keys: 10_000 };
const parse = (text: string): ReturnType<typeof parseRequest> => parseRequest(text, LIMITS);

function refusal(text: string): string {
  const request = parse(text);
  assert.equal(request.type, "refused", text);
  return request.type === "refused" ? `${request.error.code}: ${request.error.message}` : "";
}

test("depth and keys are what a walk through the parsed value counts", () => {
  const measure = (value: unknown): { depth: number; keys: number } => {
    if (typeof value !== "object" || value === null) return { depth: 0, keys: 0 };
    const below = Object.values(value).map(measure);
    const keys = Array.isArray(value) ? 0 : Object.keys(value).length;
    return {
      depth: 1 + Math.max(0, ...below.map(({ depth }) => depth)),
      keys: keys + below.reduce((sum, one) => sum + one.keys, 0),
    };
  };
  let seed = 7;
  const random = (below: number): number => (seed = (Math.imul(seed, 48_271) >>> 0) % 2_147_483_647) % below;
  const make = (level: number): unknown => {
    const kind = level > 6 ? random(2) : random(5);
    if (kind === 0) return ['"', "\\", '\\"', "{[:", "a\\\\", 'é"]'][random(6)];
    if (kind === 1) return random(100);
    const parts = Array.from({ length: random(4) }, () => make(level + 1));
    return kind < 4 ? parts : Object.fromEntries(parts.map((part, i) => [`${'k":{['[random(5)]}${i}`, part]));
  };
  let over = 0;
  for (let i = 0; i < 3000; i++) {
    const value = make(0);
    const { depth, keys } = measure(value);
    const text = JSON.stringify(value);
    const told = overJsonLimit(text, { depth: 3, keys: 4 });
    if (told) over++;
    assert.equal(told !== null, depth > 3 || keys > 4, text);
  }
  assert.ok(over > 100);
});

test("reads the bare request, and the one with everything", () => {
  assert.deepEqual(parse('{"id":1,"action":"upper","payload":"hola"}'), {
    type: "submit",
    prefix: '"id":1,',
    action: "upper",
    payload: '"hola"',
    options: null,
  });
  const options = {
    wait: false,
    again: true,
    task: "01890a5d-ac96-774b-bcce-b302099a8057",
    key: "k",
    queue: "a/b",
    priority: "high",
    delay: "10s",
    attempts: 3,
    losses: 2,
    backoff: { type: "fixed", delay: 5, maxDelay: "1m", jitter: 0 },
    timeout: 30_000,
    expires: "1h",
    retention: 0,
  };
  const full = parse(JSON.stringify({ action: "a", payload: { b: [1] }, options }));
  assert.deepEqual(full, { type: "submit", prefix: "", action: "a", payload: '{"b":[1]}', options });
  assert.equal(
    parse('{"action":"a","options":{"runAt":"2026-01-31T09:30:00.5+02:00","backoff":"3s"}}').type,
    "submit",
  );
});

test("refuses each option of a wrong type, and names it", () => {
  const wrong: [string, unknown][] = [
    ["wait", 1],
    ["again", "yes"],
    ["task", "x"],
    ["task", "01890A5D-AC96-774B-BCCE-B302099A8057"],
    ["key", ""],
    ["key", "x".repeat(201)],
    ["queue", ""],
    ["queue", "a b"],
    ["queue", "-a"],
    ["priority", "urgent"],
    ["priority", 1],
    ["delay", "soon"],
    ["delay", -1],
    ["runAt", "tomorrow"],
    ["runAt", "2026-01-31"],
    ["runAt", "2026-13-31T09:30:00Z"],
    ["runAt", 1.5],
    ["attempts", 0],
    ["attempts", 1.5],
    ["attempts", 1001],
    ["losses", "3"],
    ["backoff", "fast"],
    ["backoff", { type: "linear" }],
    ["backoff", { delay: -1 }],
    ["backoff", { jitter: 2 }],
    ["backoff", { max: 1 }],
    ["backoff", []],
    ["timeout", 0],
    ["expires", "0s"],
    ["retention", null],
  ];
  for (const [name, value] of wrong) {
    assert.match(
      refusal(JSON.stringify({ action: "a", options: { [name]: value } })),
      new RegExp(`^bad_request: .*\\b${name}\\b`),
      `${name} ${JSON.stringify(value)}`,
    );
  }
  assert.match(refusal('{"action":"a","options":[]}'), /options must be an object/);
  assert.match(refusal('{"action":"a","options":null}'), /options must be an object/);
  assert.match(refusal('{"action":"a","options":{"delay":1,"runAt":1}}'), /the same in two ways/);
});

test("refuses ops with missing, wrong or unknown fields", () => {
  assert.match(refusal('{"op":"get"}'), /needs the field task/);
  assert.match(refusal('{"op":"get","task":"x"}'), /not a task's id/);
  assert.match(refusal('{"op":"pause"}'), /needs the field queue/);
  assert.match(refusal('{"op":"ping","task":"x"}'), /unknown field "task"/);
  assert.match(refusal('{"op":"ping","action":"x"}'), /unknown field "action"/);
  assert.match(refusal('{"op":"list","state":"Done"}'), /state must be one of/);
  assert.match(refusal('{"op":"list","limit":0}'), /limit must be/);
  assert.match(refusal('{"op":"list","since":"yesterday"}'), /since/);
  assert.match(refusal('{"op":1}'), /unknown op 1/);
  assert.match(refusal('{"action":""}'), /action must be a name/);
  for (const since of ["1h", 5, "2026-01-31T09:30:00Z"])
    assert.equal(parse(JSON.stringify({ op: "list", since })).type, "op");
});

test("finds the id of a line that cannot be read only where the line begins with it", () => {
  for (const [head, prefix] of [
    ['{"id":7,"x', '"id":7,'],
    [' { "id" : "a\\"b" , x', '"id":"a\\"b",'],
    ['{"id":12}x', '"id":12,'],
    ['{"x":1,"id":7,', ""],
    ['{"id":7', ""],
    ['{"id":1234567890123456789,', ""],
    ['{"id":1.5,', ""],
    ['{"id":[1],', ""],
    ['{"id":"a\nb",', ""],
  ] as const)
    assert.equal(leadingIdPrefix(head), prefix, head);
});

test("inline lines: what is JSON is JSON, what takes text gets text", () => {
  assert.deepEqual(parseInline("upper  hola  mundo "), { type: "run", action: "upper", rest: "hola  mundo" });
  assert.deepEqual(parseInline("PING x"), { type: "run", action: "PING", rest: "x" });
  assert.equal(parseInline(" \t "), null);
  const cases: [string, boolean, string][] = [
    ["42", false, "42"],
    ["42", true, '"42"'],
    ['"42"', true, '"42"'],
    ["hola", false, '"hola"'],
    ["{a}", false, '"{a}"'],
    ["", false, "null"],
    ["", true, '""'],
    ["[1, 2]", false, "[1,2]"],
    ["[1, 2]", true, '"[1, 2]"'],
    ["null", true, '"null"'],
  ];
  for (const [rest, takesText, payload] of cases)
    assert.equal(inlinePayload(rest, takesText), payload, `${rest} ${takesText}`);
  assert.equal(renderInline('"añ\\tb"'), "añ\tb");
  assert.equal(renderInline('"a\\nb"'), '"a\\nb"');
  assert.equal(renderInline('"\\u001b[2J"'), '"\\u001b[2J"');
  assert.equal(renderInline('{"a":1}'), '{"a":1}');
  assert.equal(renderInline('"\u007f\u009b2J"'), '"\\u007f\\u009b2J"', "JSON leaves these as they are");
  assert.equal(renderInline('["\u009b2J\u2028"]'), '["\\u009b2J\\u2028"]');
  assert.equal(
    renderInlineError({ code: "task_error", message: "\u001b[2J\u009b" }),
    "error: task_error: \\u001b[2J\\u009b",
  );
  assert.equal(
    renderInlineError({ code: "task_error", message: "a\nb", hint: "c" }),
    "error: task_error: a b (c)",
  );
});
