import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import actions from "./actions.ts";

const RUN = fileURLToPath(new URL("./run.ts", import.meta.url));

test("counts the words of a line, also those that objects have for names", () => {
  assert.deepEqual(actions.words.run("The cat, the DOG and l'été; constructor constructor 42"), {
    the: 2,
    cat: 1,
    dog: 1,
    and: 1,
    "l'été": 1,
    constructor: 2,
  });
});

test("maps over files and adds up what comes back", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tanda-text-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "text.txt");
  writeFileSync(file, "one two two\n\n42\r\nthree three three\n".repeat(300));
  const { stdout } = await promisify(execFile)(process.execPath, [RUN, file, file]);
  const [summary, ...top] = stdout.trimEnd().split("\n");
  assert.equal(summary, "2 files, 1800 lines, 3600 words, 3 of them different");
  assert.deepEqual(
    top.map((line) => line.trim().split(/\s+/)),
    [
      ["1800", "three"],
      ["1200", "two"],
      ["600", "one"],
    ],
  );
});
