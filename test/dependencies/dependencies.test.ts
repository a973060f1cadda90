/** docs/dependencies.md is what is installed. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { countBrought, countTree, importersOf, manifest, ROOT } from "./tree.ts";

const page = readFileSync(`${ROOT}docs/dependencies.md`, "utf8");
const [, runtime = "", development = ""] = page.split(/^## .*$/m);

for (const [kind, part, wanted] of [
  ["installed with Tanda", runtime, manifest.dependencies],
  ["for development", development, manifest.devDependencies],
] as const) {
  test(`every package ${kind} has its line: what for, why not ours, what it brings, who imports it`, () => {
    const rows = [...part.matchAll(/^\| `([^`]+)` +\| (.+?) +\| (.+?) +\| +(\d+) +\| (.+?) +\|$/gm)];
    const told = rows.map(([, name, , , brought, importers]) => ({
      name,
      brought: Number(brought),
      importers: [...importers!.matchAll(/`(\w+)`/g)].map((found) => found[1]!),
    }));
    const names = Object.keys(wanted);
    assert.deepEqual(
      told,
      names.map((name) => ({ name, brought: countBrought(name), importers: importersOf(name) })),
    );
  });
}

test("the counts of the whole tree are those of the lock file, and every version is pinned", () => {
  const [, installed, more] = /\*\*(\d+)\*\* packages .* \*\*(\d+)\*\* for/.exec(page)!;
  assert.deepEqual({ runtime: Number(installed), development: Number(more) }, countTree());
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }))
    assert.match(version, /^\d+\.\d+\.\d+$/, name);
});
