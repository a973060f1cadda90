import assert from "node:assert/strict";
import { test } from "node:test";
import { ERROR_CODES, FAILURE_CODES, isErrorCode, TandaError, toTandaError } from "../../src/task/errors.ts";
import { isSameRequest, newTask } from "../../src/task/task.ts";
import { newSpec, T0 } from "../store/sample-events.ts";

test("a new task waits, or is scheduled when it is due later", () => {
  assert.equal(newTask(newSpec()).state, "queued");
  assert.equal(newTask(newSpec({ dueAt: T0 - 1 })).state, "queued");
  assert.equal(newTask(newSpec({ dueAt: T0 + 1 })).state, "scheduled");
});

test("a request is the same by action and payload, whatever else differs", () => {
  const spec = newSpec();
  assert.ok(isSameRequest(spec, { ...newSpec(), priority: 3, key: "k", queue: "math", dueAt: T0 + 9 }));
  assert.ok(!isSameRequest(spec, { ...spec, action: "fib" }));
  assert.ok(!isSameRequest(spec, { ...spec, payload: "2" }));
  assert.ok(!isSameRequest(spec, { ...spec, payloadBlob: "ab".repeat(32) }));
});

test("an error goes over the wire and comes back the same", () => {
  const more = { hint: "h", path: "a.b", retryAfterMs: 5, details: { x: [1] } };
  const body = new TandaError("busy", "full", more).toBody();
  assert.deepEqual(body, { code: "busy", message: "full", ...more });
  assert.deepEqual(TandaError.fromBody(body).toBody(), body);
  assert.deepEqual(new TandaError("conflict", "m").toBody(), { code: "conflict", message: "m" });
});

test("codes are a closed table: others are internal", () => {
  assert.equal(TandaError.fromBody({ code: "constructor" as never, message: "m" }).code, "internal");
  assert.deepEqual([isErrorCode("toString"), isErrorCode("busy"), isErrorCode(1)], [false, true, false]);
  assert.ok(FAILURE_CODES.every((code) => isErrorCode(code)));
  for (const { http } of Object.values(ERROR_CODES)) assert.ok(http >= 400 && http < 600);
});

test("what was thrown becomes a refusal, with its cause", () => {
  const own = new TandaError("busy", "full");
  assert.equal(toTandaError(own), own);
  const cause = new Error("boom");
  const error = toTandaError(cause);
  assert.deepEqual(
    [error.code, error.message, error.cause, error.isRetryable],
    ["internal", "boom", cause, true],
  );
  assert.equal(toTandaError("text").message, "text");
});
