import assert from "node:assert/strict";
import { test } from "node:test";
import { pack, unpack } from "../../src/store/sqlite-wire.ts";
import { finish, newSpec, ride, submit } from "./sample-events.ts";

const LONG = `"${"ñ".repeat(50_000)}"`;
const done = (result: string | null) => ({ type: "done", result, resultBlob: null }) as const;

test("events of every kind come out as they went in, with texts of any length in any order", () => {
  const lengths = [2, 16_383, 16_384, 16_385, 100_000].map((length) => `"${"x".repeat(length - 2)}"`);
  const events = [...lengths, LONG, "null"].flatMap((text, index, all) => {
    const other = all.at(-1 - index)!;
    const spec = newSpec({ payload: text, key: text.slice(0, 40) });
    return [
      ride(newSpec({ payload: text }), done(other)),
      submit(spec),
      { ...finish(spec.id, 2, done(text)), chance: 0 },
      ride(newSpec({ payload: other }), done(null)),
      ride(newSpec({ owner: "ann", payload: text }), done(text)),
    ].map((event) => ("chance" in event ? { ...event, chance: 0 } : event));
  });
  const out = unpack(structuredClone(pack(events)));
  // Fields that are undefined and fields that are not there say the same.
  assert.deepEqual(JSON.parse(JSON.stringify(out)), JSON.parse(JSON.stringify(events)));
});
