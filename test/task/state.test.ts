import assert from "node:assert/strict";
import { test } from "node:test";
import { isFinal, isState, mayBecome, STATES, TRANSITIONS } from "../../src/task/state.ts";

test("the list of states and the table name the same, each once", () => {
  assert.deepEqual([...STATES].sort(), Object.keys(TRANSITIONS).sort());
});

test("the position of a state is stored, so it never changes", () => {
  assert.deepEqual(STATES.slice(0, 8), [
    "scheduled",
    "queued",
    "running",
    "retrying",
    "done",
    "failed",
    "cancelled",
    "expired",
  ]);
});

test("transitions lead to states; nothing leads from done; what is final is left by a retry alone", () => {
  for (const from of STATES) {
    for (const to of TRANSITIONS[from]) assert.ok(isState(to), to);
    const after = STATES.filter((to) => mayBecome(from, to));
    if (isFinal(from)) assert.deepEqual(after, from === "done" ? [] : ["queued"]);
    else assert.ok(after.some(isFinal), from);
  }
});

test("four states are final", () => {
  assert.deepEqual(STATES.filter(isFinal), ["done", "failed", "cancelled", "expired"]);
});

test("names that objects have by themselves are no states", () => {
  for (const name of ["constructor", "__proto__", "toString", "", null, 4, undefined])
    assert.ok(!isState(name));
});
