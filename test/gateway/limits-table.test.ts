import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { LIMITS, withLimits } from "../../src/gateway/limits.ts";

test("the table of the protocol's page is the table of the code", () => {
  const page = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| `--([a-z-]+)` \| ([^|]+) \| (.+) \|$/gm)].map((row) => row.slice(1, 4));
  const units = new Map([
    ["MiB", 2 ** 20],
    ["GiB", 2 ** 30],
    ["s", 1000],
    ["min", 60_000],
    ["h", 3_600_000],
  ]);
  const read = rows.map(([flag, value, meaning]) => {
    const [number, unit] = value!.trim().split(" ");
    return { flag, default: Number(number) * (unit === undefined ? 1 : units.get(unit)!), meaning };
  });
  assert.deepEqual(
    read,
    Object.values(LIMITS).map(({ flag, default: value, meaning }) => ({ flag, default: value, meaning })),
  );
  assert.throws(() => withLimits({ depth: 0 }), RangeError);
  assert.throws(() => withLimits({ depth: Number.NaN }), RangeError);
});
