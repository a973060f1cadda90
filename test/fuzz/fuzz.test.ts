/** A taste of the fuzz with each run of the tests, what once failed first. More: `npm run fuzz`. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { escaped, kindOf, unescaped } from "./corpus.ts";
import { Dice } from "./dice.ts";
import { inputOf, KINDS } from "./inputs.ts";
import { minimised } from "./minimise.ts";

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));

describe("everything that reads", { timeout: 240_000 }, () => {
  test("holds for what once failed and for some thousands of other inputs", async () => {
    const { stdout } = await run(process.execPath, [MAIN, "--inputs", "20000", "--jobs", "1", "--seed", "2"]);
    assert.match(stdout, /kept inputs of http ran/);
    assert.match(stdout, /20\d\d\d of 20000 inputs, \d+ s, 0 failed\./);
  });

  test("is given the same inputs by the same seed", () => {
    for (const kind of KINDS) assert.ok(inputOf(7, kind, 3, []).equals(inputOf(7, kind, 3, [])));
    assert.ok(!inputOf(7, "http", 3, []).equals(inputOf(8, "http", 3, [])));
  });

  test("is given what is kept as it was, and each is named by its kind", () => {
    const bytes = new Dice(1).bytes(2000);
    assert.ok(unescaped(escaped(bytes)).equals(bytes));
    assert.ok(unescaped(escaped(Buffer.from("a\\n\r\n\\x41"))).equals(Buffer.from("a\\n\r\n\\x41")));
    for (const file of readdirSync(fileURLToPath(new URL("./corpus", import.meta.url)))) kindOf(file);
  });

  test("gets of what fails the least that fails", async () => {
    const input = Buffer.from(`${"x".repeat(500)}needle${"y".repeat(500)}`);
    const least = await minimised(input, async (some) => some.includes("needle"), 5000);
    assert.equal(least.toString(), "needle");
  });
});
