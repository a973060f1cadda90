/** SECURITY.md promises tests: each is there, under that name. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const HAZARDS = 15;

test("each hazard has its tests in the table of SECURITY.md, each of which exists and runs", () => {
  const page = readFileSync(`${ROOT}SECURITY.md`, "utf8");
  const rows = [...page.matchAll(/^\| (\d+)\. [^|]+ \| \[([^\]]+)\]\(([^)]+)\) \| (.+) \|$/gm)];
  const numbers = new Set<number>();
  for (const [row, number, shown, file, title] of rows) {
    assert.equal(shown, file, row);
    const titles = Array.from(
      readFileSync(`${ROOT}${file}`, "utf8").matchAll(/\b(?:test|describe)\(\s*["`](.+)["`],/g),
      (found) => found[1]!.replaceAll("\\", ""),
    );
    const found = titles.find((one) => one.replace(/^.*\}/, "").trim().startsWith(title!));
    assert.ok(found !== undefined, `${file} has no test that begins with: ${title}`);
    if (title!.startsWith("hazard")) {
      assert.ok(title!.startsWith(`hazard ${number}: `), row);
      numbers.add(Number(number));
    }
  }
  assert.deepEqual(
    [...numbers].sort((a, b) => a - b),
    Array.from({ length: HAZARDS }, (_, at) => at + 1),
  );
});
