import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";

const RUNNER = fileURLToPath(new URL("../../scripts/test.mjs", import.meta.url));
const PASSES = `test("passes", () => {});`;
const FAILS = `test("fails", () => { throw new Error("no"); });`;
const SKIPS = `test("skips", { skip: "needs a printer" }, () => {});`;
/** As Node itself now and then: all is told, nothing is open, and the process stays. */
const STAYS = `process.on("exit", () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));`;
/** Longer than one that leaves may linger in these tests. */
const LASTS = `test("lasts", () => new Promise((resolve) => setTimeout(resolve, 3000)));`;
const EXITS = `process.exit(7);`;

type Outcome = { code: number; lines: string[]; output: string };

function runTests(
  t: TestContext,
  files: Record<string, string>,
  more: { ci?: boolean; args?: string[] } = {},
) {
  const folder = mkdtempSync(join(tmpdir(), "tanda-runner-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, body] of Object.entries(files)) {
    writeFileSync(join(folder, name), `import { test } from "node:test";\n${body}\n`);
  }
  const env = { ...process.env, CI: more.ci ? "true" : "" };
  return new Promise<Outcome>((resolve) => {
    execFile(process.execPath, [RUNNER, folder, ...(more.args ?? [])], { env }, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code);
      resolve({ code, lines: stdout.trimEnd().split("\n"), output: stdout + stderr });
    });
  });
}

test("ends with the counts, alone on a line", async (t) => {
  const { code, lines } = await runTests(t, { "a.test.ts": PASSES + SKIPS, "b.test.ts": PASSES });
  assert.equal(lines.at(-1), "2 passed, 0 failed, 1 skipped");
  assert.equal(code, 0);
});

test("a failure fails the run", async (t) => {
  const { code, lines } = await runTests(t, { "a.test.ts": PASSES + FAILS });
  assert.equal(lines.at(-1), "1 passed, 1 failed, 0 skipped");
  assert.equal(code, 1);
});

test("a file that ends before its tests fails the run", async (t) => {
  const { code, lines } = await runTests(t, { "a.test.ts": EXITS, "b.test.ts": PASSES });
  assert.match(lines.at(-1)!, /^1 passed, 1 failed,/);
  assert.equal(code, 1);
});

test("in CI a skipped test fails the run, with its reason", async (t) => {
  const { code, output } = await runTests(t, { "a.test.ts": PASSES + SKIPS }, { ci: true });
  assert.match(output, /a\.test\.ts: skips \(needs a printer\)/);
  assert.equal(code, 1);
});

test("a file that is not named *.test.ts is not run", async (t) => {
  const { lines } = await runTests(t, { "store-contract.ts": FAILS, "a.test.ts": PASSES });
  assert.equal(lines.at(-1), "1 passed, 0 failed, 0 skipped");
});

test("what is excepted is not run", async (t) => {
  const files = { "a.test.ts": PASSES, "b.test.ts": FAILS };
  const { code, lines } = await runTests(t, files, {
    args: ["--except", join(tmpdir(), "tanda-runner-*", "b.test.ts")],
  });
  assert.equal(lines.at(-1), "1 passed, 0 failed, 0 skipped");
  assert.equal(code, 0);
});

test("only tests of the given name are run", async (t) => {
  const { code, lines } = await runTests(t, { "a.test.ts": PASSES + FAILS }, { args: ["--name", "passes"] });
  assert.equal(lines.at(-1), "1 passed, 0 failed, 0 skipped");
  assert.equal(code, 0);
});

test("no test at all fails the run", async (t) => {
  const { code, output } = await runTests(t, { "notes.ts": PASSES });
  assert.match(output, /No test file matches/);
  assert.equal(code, 1);
});

test("a process that stands still while it leaves is ended, and its tests count as they ended", async (t) => {
  const files = { "a.test.ts": PASSES + STAYS, "b.test.ts": PASSES };
  const { code, lines, output } = await runTests(t, files, { args: ["--linger", "0.2"] });
  assert.match(output, /a\.test\.ts: all tests passed, but Node did not exit and was ended/);
  assert.equal(lines.at(-1), "2 passed, 0 failed, 0 skipped");
  assert.equal(code, 0);
});

test("one that stands still while a file before it goes on is ended too", async (t) => {
  const files = { "a.test.ts": LASTS, "b.test.ts": PASSES + STAYS };
  const { code, lines, output } = await runTests(t, files, { args: ["--linger", "0.2"] });
  assert.match(output, /b\.test\.ts: all tests passed, but Node did not exit and was ended/);
  assert.equal(lines.at(-1), "2 passed, 0 failed, 0 skipped");
  assert.equal(code, 0);
});

test("one that goes on although its tests are over is not ended, and what its worker's end says is not believed", async (t) => {
  const worker = `const { Worker } = await import("node:worker_threads"); new Worker(new URL("idle.mjs", import.meta.url));`;
  const goesOn = `setTimeout(() => {}, 1500);`;
  const files = { "a.test.ts": PASSES + worker + goesOn, "idle.mjs": "" };
  const { code, lines, output } = await runTests(t, files, { args: ["--linger", "0.2"] });
  assert.doesNotMatch(output, /was ended/);
  assert.equal(lines.at(-1), "1 passed, 0 failed, 0 skipped");
  assert.equal(code, 0);
});

test("a failure before such an end fails the run", async (t) => {
  const files = { "a.test.ts": FAILS + STAYS.replace(", 0, 0)", ", 0, 0, 3000)") };
  const { code, lines } = await runTests(t, files, { args: ["--linger", "0.2"] });
  assert.match(lines.at(-1)!, /^0 passed, 1 failed/);
  assert.equal(code, 1);
});
