/** Letters of hints that nobody should have sent: what is right in them is told, and nobody stumbles over the rest. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readLetter, tellHints } from "../../src/bus/letter.ts";
import { readEndHint } from "../../src/fleet/hints.ts";
import { decode, encode, Unreadable } from "../../src/queue/parcel-codec.ts";
import { newSpec } from "../store/sample-events.ts";

test("of a letter only hints are told; what is none, or another version's, is not", () => {
  const { hints } = readLetter('{"v":1,"from":"a","hints":[null,1,[],{"type":1},{"type":"look"}]}');
  assert.deepEqual(hints, [{ type: "look" }]);
  for (const text of ["", "null", "1", "[]", '{"v":2,"hints":[]}', '{"v":1,"hints":{}}'])
    assert.throws(() => readLetter(text));
});

test("a hint that one listener stumbles over is told to the others, and the next to all", () => {
  const heard: string[] = [];
  const errors: unknown[] = [];
  const stumble = ({ type }: { type: string }): void => {
    if (type === "a") throw new Error("stumbled");
  };
  tellHints([{ type: "a" }, { type: "b" }], [stumble, ({ type }) => heard.push(type)], (error) =>
    errors.push(error),
  );
  assert.deepEqual([heard, errors.length], [["a", "b"], 1]);
});

test("an end without a right error, result or blob is none", () => {
  const end = { type: "end", task: "t" };
  for (const more of [
    {},
    { error: null },
    { error: {} },
    { blob: null },
    { blob: { id: 1 } },
    { result: 1 },
    { result: "1", error: null },
  ])
    assert.equal(readEndHint({ ...end, ...more }), null, JSON.stringify(more));
  assert.equal(readEndHint({ ...end, result: "1" })?.answer.status, "done");
});

test("a parcel with an id, a number or a policy that is none is unreadable, and keeps no others from being claimed", () => {
  const text = encode([{ spec: newSpec(), attempt: 1, isRide: false, isSuspect: false }]);
  assert.equal(decode(text).length, 1);
  const { id, createdAt } = decode(text)[0]!.spec;
  for (const [right, wrong] of [
    [id, "no uuid"],
    [`${createdAt},1,`, "1.5,1,"],
    [`${createdAt},1,`, `${createdAt},-1,`],
    [`${createdAt},1,`, `${createdAt},4294967296,`],
    ['"jitter":', '"jitter":1e400,"was":'],
  ] as const) {
    assert.ok(text.includes(right));
    assert.throws(() => decode(text.replace(right, wrong)), Unreadable, wrong);
  }
});
