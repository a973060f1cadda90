import assert from "node:assert/strict";
import { test } from "node:test";
import * as v from "valibot";
import { z } from "zod";
import type { AnySchema } from "../../src/actions/define.ts";
import { jsonSchemaOf } from "../../src/actions/json-schema.ts";
import { formatPath, validateInput, validateOutput } from "../../src/actions/validate.ts";
import { TandaError } from "../../src/task/errors.ts";

const ofZod = z.object({ width: z.number(), items: z.array(z.object({ url: z.string() })).default([]) });
const ofValibot = v.object({ width: v.number(), items: v.array(v.object({ url: v.string() })) });

function refusal(run: () => unknown): TandaError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof TandaError);
    return error;
  }
  assert.fail("it was accepted");
}

for (const [library, schema] of [
  ["zod", ofZod],
  ["valibot", ofValibot],
] as [string, AnySchema][]) {
  test(`${library}: a wrong input is told with its path`, () => {
    const shallow = refusal(() => validateInput(schema, { width: "x", items: [] }));
    assert.deepEqual([shallow.code, shallow.path], ["invalid_input", "width"]);
    const items = [{ url: "a" }, { url: "b" }, { url: 3 }];
    const deep = refusal(() => validateInput(schema, { width: 1, items }));
    assert.equal(deep.path, "items[2].url");
    assert.match(deep.message, /^items\[2\]\.url: /);
    assert.equal(refusal(() => validateInput(schema, 7)).path, undefined);
  });

  test(`${library}: a wrong output is the handler's error`, () => {
    assert.equal(refusal(() => validateOutput(schema, { width: "x", items: [] })).code, "task_error");
  });
}

test("what the schema makes of the input is what is handed on", () => {
  assert.deepEqual(validateInput(ofZod, { width: 1, more: 2 }), { width: 1, items: [] });
});

test("a schema that checks later is waited for", async () => {
  const later = z.string().refine(async (text) => text.length > 2, "too short");
  assert.equal(await validateInput(later, "long"), "long");
  await assert.rejects(Promise.resolve(validateInput(later, "x")), /too short/);
});

test("paths are written as one would in code", () => {
  assert.equal(formatPath(["a", 0, { key: "b" }, "two words", "0"]), 'a[0].b["two words"][0]');
});

test("zod tells its JSON Schema, of input and of output", () => {
  const input = jsonSchemaOf(ofZod, "input") as { required: string[]; properties: object };
  assert.deepEqual(input.required, ["width"]);
  const output = jsonSchemaOf(ofZod, "output") as { required: string[] };
  assert.deepEqual(output.required, ["width", "items"]);
});

test("a schema that cannot tell has none, and that is no error", () => {
  assert.equal(jsonSchemaOf(ofValibot, "input"), null);
  assert.equal(
    jsonSchemaOf(
      z.string().transform((text) => new Map([[text, 1]])),
      "output",
    ),
    null,
  );
  assert.equal(jsonSchemaOf(undefined, "input"), null);
});
