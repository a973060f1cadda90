/** A taste of the simulation with each run of the tests. CI runs thousands: `npm run simulate`. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { BUGS, placeOf } from "./bugs.ts";

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));

async function simulate(...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [MAIN, ...args], { maxBuffer: 1 << 26 });
  return stdout;
}

describe("simulated histories", { timeout: 240_000 }, () => {
  test("keep every rule, those that once failed first", async () => {
    assert.match(await simulate("--histories", "100", "--jobs", "1"), /, 0 failed\./);
  });

  test("are the same for the same seed, to the last moment", async () => {
    const [first, second] = await Promise.all([simulate("--seed", "7"), simulate("--seed", "7")]);
    assert.ok(first.split("\n").length > 100);
    assert.equal(first, second);
  });

  test("show a planted mistake, and how to see it again", async () => {
    const failure = await simulate("--bug", "no-fence").catch(({ stdout }: { stdout: string }) => stdout);
    assert.match(failure, /caught {2}no-fence/);
    assert.match(failure, /by seed \d+: at \d+ ms: /);
  });

  test("are tried with a dozen planted mistakes and more", () => {
    assert.ok(BUGS.length >= 12, `${BUGS.length}`);
    assert.equal(new Set(BUGS.map(({ name }) => name)).size, BUGS.length);
    for (const bug of BUGS) assert.doesNotThrow(() => placeOf(bug));
  });
});
